#include "image/oci_layout.h"

#include <nlohmann/json.hpp>

#include "image/json_access.h"

namespace ibuild::image {

void check_oci_layout(std::string_view json) {
  const auto parsed = parse_untrusted_json(json, "oci-layout");
  const JsonValue version = JsonValue(parsed, "oci-layout").at("imageLayoutVersion");
  if (!version.as_string().starts_with("1.")) version.fail("is a layout version not known here");
}

}  // namespace ibuild::image
