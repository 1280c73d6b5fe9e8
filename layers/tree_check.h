#pragma once

#include "base/fs_at.h"
#include "layers/layer_index.h"
#include "layers/overlay_format.h"

namespace ibuild::layers {

/// Whether an unpacked tree holds what the index says, by types, and sizes and times of files: what
/// a machine that lost power did not get to write is missing or too short, and another layer's tree
/// hardly ever has all of them.
bool fits_index(const base::DirFd& tree, const LayerIndex& index, OverlayXattrs xattrs);

}  // namespace ibuild::layers
