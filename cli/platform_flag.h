#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/platform.h"

namespace ibuild::cli {

/// Values of --platform, each perhaps several platforms with commas between them; none given:
/// DOCKER_DEFAULT_PLATFORM. Empty: whatever is right for this machine. Throws: UsageError.
std::vector<image::Platform> parse_platform_list(const std::vector<std::string>& given);

/// The value of a --platform that means one platform; empty: DOCKER_DEFAULT_PLATFORM, else this
/// machine's. Throws: UsageError for several.
image::Platform parse_platform_flag(const std::string& text);

/// What to warn of when the image of this name, which is all there is, is not for the platform that
/// was wanted; none when it serves it, or does not say what it is for.
std::optional<std::string> platform_warning(const std::string& name, const image::Platform& wanted,
                                            const image::Platform& offered);

}  // namespace ibuild::cli
