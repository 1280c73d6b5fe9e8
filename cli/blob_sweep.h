#pragma once

#include <vector>

#include "base/digest.h"
#include "cli/image_access.h"
#include "image/descriptor.h"

namespace ibuild::cli {

/// Takes blobs out of the store that no image of it needs; gives what was taken. Does nothing while
/// another command uses the store: what is left then goes another time, or stays.

/// `removed`: images that were taken out of the store's index, with all that they name.
std::vector<base::Digest> sweep_images(ImageAccess& access,
                                       const std::vector<image::Descriptor>& removed);
std::vector<base::Digest> sweep_blobs(ImageAccess& access, const std::vector<base::Digest>& blobs);

}  // namespace ibuild::cli
