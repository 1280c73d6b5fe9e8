#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "image/descriptor.h"

namespace ibuild::layers {

/// What is noted beside a layer of a blob that was made of it: the descriptor as JSON, whose last
/// member is a checksum of the text before it.
/// See: docs/design/layer_forms.md "Records of blobs".
std::string to_blob_record(const image::Descriptor& blob);

/// None when the text is damaged. One without a checksum, as older versions wrote it, counts when
/// it is exactly the descriptor of a blob of `media_type`: a digest or a size that was changed is
/// found out by looking for the blob. Empty: none of these counts.
std::optional<image::Descriptor> try_parse_blob_record(std::string_view text,
                                                       std::string_view media_type);

}  // namespace ibuild::layers
