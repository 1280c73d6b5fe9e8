#pragma once

#include <vector>

#include "base/digest.h"
#include "image/descriptor.h"
#include "layers/store.h"

namespace ibuild::layers {

/// What remove_unreferenced() did.
struct Removal {
  /// Somebody uses the store: nothing was removed, and the images are kept as untagged ones, so
  /// that they can be removed later.
  bool postponed = false;
  std::vector<base::Digest> blobs;     // removed manifests, configs and layer blobs
  std::vector<base::Digest> diff_ids;  // of removed unpacked layers
};

/// Removes what the images `removed` are made of and no image in index.json is any more: blobs, and
/// the forms of layers. Records of the step cache that name such a layer become misses. Requires:
/// the names have been taken away already, and this process does not hold the store against removal
/// itself. Throws: ContentError or Error, before anything is removed, when an image that is to stay
/// cannot be read: nobody could tell what it needs.
Removal remove_unreferenced(Store& store, const std::vector<image::Descriptor>& removed);

}  // namespace ibuild::layers
