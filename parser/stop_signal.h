#pragma once

#include <string_view>

namespace ibuild::parser {

/// The number of a signal given as "9", "KILL", "sigkill" or "RTMIN+3". Throws: base::UsageError.
int parse_signal(std::string_view text);

}  // namespace ibuild::parser
