#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ibuild::parser {

/// A string in double quotes as Go's strconv.Quote writes it.
std::string go_quote(std::string_view text);
/// Several of them as fmt's %q writes a slice: ["a" "b"].
std::string go_quote_list(std::span<const std::string> texts);

}  // namespace ibuild::parser
