#pragma once

namespace ibuild::parser {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

/// Letters and decimal digits above U+007F, sorted.
extern const CodePointRange kLetterRanges[657];
extern const CodePointRange kDigitRanges[63];
/// The other general categories that one letter names: M, N, P, S and Z; what is in none, nor a
/// letter, is in C.
extern const CodePointRange kMarkRanges[310];
extern const CodePointRange kNumberRanges[137];
extern const CodePointRange kPunctuationRanges[191];
extern const CodePointRange kSymbolRanges[232];
extern const CodePointRange kSeparatorRanges[8];

}  // namespace ibuild::parser
