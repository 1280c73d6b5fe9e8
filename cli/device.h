#pragma once

#include <string_view>

#include "builder/build.h"

namespace ibuild::cli {

/// "/dev/fuse", "/dev/fuse:/dev/mine", "/dev/fuse:/dev/mine:rwm". Throws: UsageError, also for
/// names of the Container Device Interface and for rights other than all.
builder::StepDevice parse_device(std::string_view text);

}  // namespace ibuild::cli
