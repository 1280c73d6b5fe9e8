#pragma once

#include "image/config.h"
#include "image/json_access.h"

namespace ibuild::image {

/// Reads a parsed image configuration. Throws: base::ContentError naming the field.
ImageConfig read_image_config(const JsonValue& document);

}  // namespace ibuild::image
