#pragma once

#include <nlohmann/json_fwd.hpp>

#include "image/json_access.h"
#include "image/platform.h"

namespace ibuild::image {

/// The platform fields of a descriptor's "platform" or of an image configuration, as they stand
/// there. Requires: `object` has "architecture" and "os", else base::ContentError.
Platform read_platform(const JsonValue& object);

/// Adds the fields in the order of the image-spec; empty ones, but for architecture and os, are
/// left out.
void append_platform(nlohmann::ordered_json& object, const Platform& platform);

}  // namespace ibuild::image
