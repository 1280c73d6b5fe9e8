#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "image/descriptor.h"

namespace ibuild::cli {

/// What stands under a name: {"Name", "Digest", "MediaType", "Size"}. `name` with its tag, if it
/// has one.
nlohmann::ordered_json named_descriptor_json(const std::string& name,
                                             const image::Descriptor& descriptor);

}  // namespace ibuild::cli
