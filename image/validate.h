#pragma once

#include <string_view>

namespace ibuild::image {

/// Checks a document against the image-spec, harder than reading does: null is no value where the
/// schema has none, an image manifest has a layer, environment entries have the form K=V. Digests
/// of unregistered algorithms and media types of others are fine. Unknown fields are ignored, as
/// the image-spec demands. `kind`: "config", "manifest", "descriptor", "imageindex", "imagelayout".
/// Throws: base::ContentError naming the field; base::UsageError for an unknown kind.
/// See: image-spec/schema.
void validate_document(std::string_view kind, std::string_view json);

}  // namespace ibuild::image
