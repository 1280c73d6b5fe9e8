#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "image/descriptor.h"

namespace ibuild::layers {

/// What is noted beside the layer `diff_id` of a blob that was made of it: the descriptor as JSON
/// with two more members at its end, the layer and a checksum of the text before it. See:
/// docs/design/layer_forms.md "Records of blobs".
std::string to_blob_record(const base::Digest& diff_id, const image::Descriptor& blob);

/// None when the text is damaged or is the record of another layer. Older versions did not name the
/// layer. One without a checksum, as the oldest wrote it, counts when it is exactly the descriptor
/// of a blob of `media_type`: a digest or a size that was changed is found out by looking for the
/// blob. Empty: none of these counts.
std::optional<image::Descriptor> try_parse_blob_record(const base::Digest& diff_id,
                                                       std::string_view text,
                                                       std::string_view media_type);

}  // namespace ibuild::layers
