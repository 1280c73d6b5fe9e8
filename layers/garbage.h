#pragma once

#include <set>
#include <vector>

#include "base/digest.h"
#include "image/descriptor.h"
#include "layers/store.h"

namespace ibuild::layers {

/// What remove_unreferenced() did.
struct Removal {
  /// Somebody uses the store, and nothing was removed, or an image of them: the images are kept as
  /// untagged ones, so that they can be removed later.
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

/// What the images in index.json and those in use need.
struct ImageNeeds {
  std::set<base::Digest> blobs;
  std::set<base::Digest> diff_ids;
};
/// Throws: as remove_unreferenced.
ImageNeeds needs_of_images(Store& store);

/// Removes layers with all their forms, the blobs that were made of them, and `blobs`; not what
/// `needs` has. Requires: `alone` is the store's lock for the one who removes.
Removal remove_content(const Store& store, const base::LockFile& alone,
                       const std::set<base::Digest>& diff_ids, const std::set<base::Digest>& blobs,
                       const ImageNeeds& needs);
/// The blobs that were made of a layer, whether an image names them or not.
std::set<base::Digest> blobs_made_of(const Store& store, const base::Digest& diff_id);

}  // namespace ibuild::layers
