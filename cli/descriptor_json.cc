#include "cli/descriptor_json.h"

#include <nlohmann/json.hpp>

namespace ibuild::cli {

nlohmann::ordered_json named_descriptor_json(const std::string& name,
                                             const image::Descriptor& descriptor) {
  return {{"Name", name},
          {"Digest", descriptor.digest.str()},
          {"MediaType", descriptor.media_type},
          {"Size", descriptor.size_bytes}};
}

}  // namespace ibuild::cli
