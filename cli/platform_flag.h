#pragma once

#include <string>

#include "image/platform.h"

namespace ibuild::cli {

/// The value of --platform; empty: DOCKER_DEFAULT_PLATFORM, else this machine's. Throws: UsageError
/// for another platform than the machine's, and for several.
image::Platform parse_platform_flag(const std::string& text);

}  // namespace ibuild::cli
