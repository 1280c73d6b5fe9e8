#include "cli/platform_flag.h"

#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

image::Platform parse_platform_flag(const std::string& text) {
  const auto host = image::host_platform();
  const char* preset = std::getenv("DOCKER_DEFAULT_PLATFORM");
  const std::string wanted_text = text.empty() && preset != nullptr ? preset : text;
  if (wanted_text.empty()) return host;
  if (wanted_text.find(',') != std::string::npos) {
    throw base::UsageError("--platform " + base::printable(wanted_text) +
                           ": several platforms at once are not supported");
  }
  auto wanted = image::parse_platform(wanted_text);
  if (!image::matches(host, wanted)) {
    throw base::UsageError("--platform " + wanted.str() + ": only this machine's own platform, " +
                           host.str() + ", is supported");
  }
  return wanted;
}

}  // namespace ibuild::cli
