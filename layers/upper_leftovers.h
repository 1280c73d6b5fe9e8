#pragma once

#include <vector>

#include "base/fs_at.h"
#include "layers/overlay_format.h"

namespace ibuild::layers {

/// What an upper directory says beside its layer's index: true over the layers that the step ran
/// on, but the tree may come to lie over others, as a layer of the same content made elsewhere.
struct UpperLeftovers {
  std::vector<base::RelPath> files;        // copied up and the same as below; whiteouts of nothing
  std::vector<base::RelPath> directories;  // the same; what is in them comes before them
  std::vector<base::RelPath> opaque;       // directories that hide all there is below
  std::vector<base::RelPath> hidden;       // names they hide, which the index has as whiteouts
};

/// Takes the leftovers out and puts whiteouts in the place of opaque marks, so that the tree does
/// over any layers what its index says. Times of directories stay.
/// Requires: no overlay of the directory is mounted. Throws: SystemError.
void remove_leftovers(const base::DirFd& upper, const UpperLeftovers& leftovers,
                      OverlayXattrs xattrs);

}  // namespace ibuild::layers
