#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "parser/unicode_tables.h"

namespace ibuild::parser {

/// Sorted and apart. Behind the code points come the bytes that are no UTF-8 (kInvalidByte).
using CodePointRanges = std::vector<CodePointRange>;

/// What is in between sorted ranges.
CodePointRanges complement(const CodePointRanges& ranges);

/// \d, \s, \w and their complements, by the letter.
std::optional<CodePointRanges> perl_class(char letter);
/// [:alpha:] and its kin, by the name within.
std::optional<CodePointRanges> named_class(std::string_view name);
/// \pL and its kin: the general categories of Unicode that one letter names; C holds what is
/// assigned to none, too.
std::optional<CodePointRanges> category_class(char32_t letter);

}  // namespace ibuild::parser
