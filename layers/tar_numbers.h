#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace ibuild::layers {

/// A numeric header field: octal digits between blanks and NULs (none at all: 0), or GNU's base-256
/// (first bit set; two's complement, big-endian). No value for anything else and for what does not
/// fit.
std::optional<std::int64_t> parse_tar_number(std::string_view field);

/// "-1.25": seconds since 1970 with a fraction, cut to nanoseconds.
std::optional<base::TimePoint> parse_pax_time(std::string_view text);

/// Times that TimePoint cannot hold (before 1677, after 2262) become the nearest it can.
base::TimePoint time_from_seconds(std::int64_t seconds, std::int64_t nanoseconds = 0);

}  // namespace ibuild::layers
