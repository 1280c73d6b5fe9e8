#pragma once

namespace ibuild::parser {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

/// Letters and decimal digits above U+007F, sorted.
extern const CodePointRange kLetterRanges[646];
extern const CodePointRange kDigitRanges[61];

}  // namespace ibuild::parser
