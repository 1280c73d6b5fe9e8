#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/build.h"

namespace ibuild::cli {

/// "/dev/fuse", "/dev/fuse:/dev/mine", "/dev/fuse:/dev/mine:rwm", or a name of the Container Device
/// Interface: "vendor/class=name". Throws: UsageError, also for rights other than all.
builder::StepDevice parse_device(std::string_view text);

/// Where descriptions of devices are looked for: those that --cdi-config-dir names, or the usual
/// ones.
std::vector<std::string> cdi_directories(const std::vector<std::string>& named);

}  // namespace ibuild::cli
