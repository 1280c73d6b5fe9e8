// See: https://github.com/google/re2/wiki/Syntax for the classes.
#include "parser/character_class.h"

#include <algorithm>
#include <iterator>

#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

constexpr char32_t kLastCodePoint = kInvalidByte + 0xff;

template <std::size_t N>
CodePointRanges all_of(const CodePointRange (&table)[N]) {
  return {std::begin(table), std::end(table)};
}

CodePointRanges letters() {
  CodePointRanges result = *named_class("alpha");
  result.insert(result.end(), std::begin(kLetterRanges), std::end(kLetterRanges));
  return result;
}

/// All that no other category holds.
CodePointRanges others() {
  CodePointRanges rest = {{kInvalidByte, kLastCodePoint}};
  for (const char letter : {'L', 'M', 'N', 'P', 'S', 'Z'}) {
    const CodePointRanges ranges = *category_class(static_cast<char32_t>(letter));
    rest.insert(rest.end(), ranges.begin(), ranges.end());
  }
  std::sort(rest.begin(), rest.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return complement(rest);
}

}  // namespace

CodePointRanges complement(const CodePointRanges& ranges) {
  CodePointRanges result;
  char32_t next = 0;
  for (const CodePointRange& range : ranges) {
    if (range.first > next) result.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) result.push_back({next, kLastCodePoint});
  return result;
}

std::optional<CodePointRanges> perl_class(char letter) {
  switch (letter) {
    case 'd':
      return CodePointRanges{{'0', '9'}};
    case 's':
      return CodePointRanges{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    case 'w':
      return CodePointRanges{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    case 'D':
      return complement(*perl_class('d'));
    case 'S':
      return complement(*perl_class('s'));
    case 'W':
      return complement(*perl_class('w'));
    default:
      return std::nullopt;
  }
}

std::optional<CodePointRanges> named_class(std::string_view name) {
  if (name == "alnum") return CodePointRanges{{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
  if (name == "alpha") return CodePointRanges{{'A', 'Z'}, {'a', 'z'}};
  if (name == "ascii") return CodePointRanges{{0, 0x7f}};
  if (name == "blank") return CodePointRanges{{'\t', '\t'}, {' ', ' '}};
  if (name == "cntrl") return CodePointRanges{{0, 0x1f}, {0x7f, 0x7f}};
  if (name == "digit") return CodePointRanges{{'0', '9'}};
  if (name == "graph") return CodePointRanges{{'!', '~'}};
  if (name == "lower") return CodePointRanges{{'a', 'z'}};
  if (name == "print") return CodePointRanges{{' ', '~'}};
  if (name == "punct") return CodePointRanges{{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}};
  if (name == "space") return CodePointRanges{{'\t', '\r'}, {' ', ' '}};
  if (name == "upper") return CodePointRanges{{'A', 'Z'}};
  if (name == "word") return perl_class('w');
  if (name == "xdigit") return CodePointRanges{{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
  return std::nullopt;
}

std::optional<CodePointRanges> category_class(char32_t letter) {
  switch (letter) {
    case 'C':
      return others();
    case 'L':
      return letters();
    case 'M':
      return all_of(kMarkRanges);
    case 'N':
      return all_of(kNumberRanges);
    case 'P':
      return all_of(kPunctuationRanges);
    case 'S':
      return all_of(kSymbolRanges);
    case 'Z':
      return all_of(kSeparatorRanges);
    default:
      return std::nullopt;
  }
}

}  // namespace ibuild::parser
