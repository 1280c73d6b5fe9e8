#include "cli/platform_flag.h"

#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

std::vector<std::string> with_default(std::vector<std::string> given) {
  const char* preset = std::getenv("DOCKER_DEFAULT_PLATFORM");
  if (given.empty() && preset != nullptr && *preset != '\0') given.emplace_back(preset);
  return given;
}

}  // namespace

std::vector<image::Platform> parse_platform_list(const std::vector<std::string>& given) {
  std::vector<image::Platform> platforms;
  for (const auto& text : with_default(given)) {
    for (const auto part : base::split(text, ','))
      platforms.push_back(image::parse_platform(base::trim(part)));
  }
  return platforms;
}

image::Platform parse_platform_flag(const std::string& text) {
  const auto platforms =
      parse_platform_list(text.empty() ? std::vector<std::string>{} : std::vector{text});
  if (platforms.empty()) return image::host_platform();
  if (platforms.size() > 1) {
    throw base::UsageError("--platform " + base::printable(text) + ": one platform is wanted here");
  }
  return platforms.front();
}

std::optional<std::string> platform_warning(const std::string& name, const image::Platform& wanted,
                                            const image::Platform& offered) {
  const auto normal = image::normalize(offered);
  if (normal.os.empty() || normal.architecture.empty() || image::matches(wanted, normal))
    return std::nullopt;
  return base::printable(name) + " is for " + base::printable(normal.str()) + ", not for " +
         wanted.str();
}

}  // namespace ibuild::cli
