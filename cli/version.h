#pragma once

#include <string_view>

namespace ibuild::cli {

inline constexpr std::string_view kVersion = IBUILD_VERSION;

}  // namespace ibuild::cli
