#include "image/platform_json.h"

#include <nlohmann/json.hpp>

namespace ibuild::image {

Platform read_platform(const JsonValue& object) {
  Platform platform;
  platform.architecture = object.at("architecture").as_string();
  platform.os = object.at("os").as_string();
  platform.variant = object.string_or_empty("variant");
  platform.os_version = object.string_or_empty("os.version");
  platform.os_features = object.strings_or_empty("os.features");
  return platform;
}

void append_platform(nlohmann::ordered_json& object, const Platform& platform) {
  object["architecture"] = platform.architecture;
  object["os"] = platform.os;
  if (!platform.os_version.empty()) object["os.version"] = platform.os_version;
  if (!platform.os_features.empty()) object["os.features"] = platform.os_features;
  if (!platform.variant.empty()) object["variant"] = platform.variant;
}

}  // namespace ibuild::image
