#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ibuild::parser {

/// What the checks suggest for a name of a variable that is not declared, as BuildKit does: the
/// candidate with the smallest edit distance below three, letter case counting; the first of
/// equals. None where the name itself is a candidate.
std::optional<std::string> near_name(std::string_view name,
                                     std::span<const std::string> candidates);

}  // namespace ibuild::parser
