#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// The fields of one line of comma-separated values; a field may stand in double quotes, with ""
/// for a quote. See: RFC 4180. Throws: base::UsageError for an empty line and for quotes out of
/// place.
std::vector<std::string> split_csv(std::string_view line);

}  // namespace ibuild::parser
