#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ibuild::base {

/// "1", "t", "true", "0", "False" and the like, as Go's strconv.ParseBool.
std::optional<bool> parse_go_bool(std::string_view text);

/// "1h30m", "1.5s", "-20ms", "0", as Go's time.ParseDuration. Units: ns us µs ms s m h. None for
/// anything else and for what does not fit.
std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

}  // namespace ibuild::base
