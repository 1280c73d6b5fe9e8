#pragma once

#include <cstdint>
#include <string_view>

namespace ibuild::parser {

/// The number of a signal given as "9", "KILL", "sigkill" or "RTMIN+3". As in BuildKit any number
/// but 0 counts, whether this machine has such a signal or not. Throws: base::UsageError.
std::int64_t parse_signal(std::string_view text);

}  // namespace ibuild::parser
