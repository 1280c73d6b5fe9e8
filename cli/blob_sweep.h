#pragma once

#include <vector>

#include "base/digest.h"
#include "cli/image_access.h"
#include "image/descriptor.h"

namespace ibuild::cli {

/// Takes the blobs of removed images out of the store, but for those that another image needs; gives what was taken. Does nothing while another command uses the store: what is left then
/// goes when the next image is removed that shares it, or stays. Blobs that are damaged are taken for unreadable and left.
std::vector<base::Digest> sweep_blobs(ImageAccess& access, const std::vector<image::Descriptor>& removed);

}  // namespace ibuild::cli
