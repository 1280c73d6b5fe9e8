#pragma once

#include <exception>
#include <string_view>

#include "sandbox/channel.h"

namespace ibuild::sandbox {

/// Sends what went wrong; `phase` where the error does not know its own. Does nothing when nobody
/// listens.
void report_error(const Channel& to, const std::exception& error, std::string_view phase) noexcept;

}  // namespace ibuild::sandbox
