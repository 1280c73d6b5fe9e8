#include "cli/device.h"

#include <string>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

builder::StepDevice parse_device(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    return base::UsageError("--device " + base::printable(text) + ": " + why);
  };
  if (!text.starts_with('/')) {
    if (!builder::is_cdi_name(text))
      throw refuse("write the path of a device, or vendor/class=name of a description (CDI)");
    return {.cdi_name = std::string(text)};
  }
  const auto parts = base::split(text, ':');
  if (parts.size() > 3) throw refuse("write DEVICE[:TARGET]");
  const std::string path(parts[0]);
  std::string target = path;
  // The last part may be the rights, the middle one left out.
  std::string_view rights = parts.size() == 3 ? parts[2] : "rwm";
  if (parts.size() == 2 && !parts[1].starts_with('/')) rights = parts[1];
  if (parts.size() > 1 && parts[1].starts_with('/')) target = parts[1];
  if (parts.size() == 3 && target != parts[1]) throw refuse("the target must be absolute");
  if (rights != "rwm" && rights != "rw") {
    throw refuse("the rights " + base::printable(rights) +
                 " cannot be given: leave them to the mode of the device");
  }
  return {.path = path, .target = target};
}

std::vector<std::string> cdi_directories(const std::vector<std::string>& named) {
  return named.empty() ? builder::default_cdi_directories() : named;
}

}  // namespace ibuild::cli
