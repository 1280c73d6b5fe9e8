#include "parser/unicode.h"

#include <algorithm>
#include <iterator>

#include "base/utf8.h"
#include "parser/unicode_tables.h"

namespace ibuild::parser {

namespace {

template <std::size_t N>
bool in_ranges(const CodePointRange (&ranges)[N], char32_t code_point) {
  const auto* after = std::upper_bound(
      std::begin(ranges), std::end(ranges), code_point,
      [](char32_t value, const CodePointRange& range) { return value < range.first; });
  return after != std::begin(ranges) && code_point <= std::prev(after)->last;
}

/// The last character; `text` is not empty.
Character last_character(std::string_view text) {
  std::size_t start = text.size() - 1;
  while (start > 0 && text.size() - start < 4 &&
         (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) {
    --start;
  }
  const Character character = next_character(text.substr(start));
  if (start + character.size == text.size()) return character;
  return next_character(text.substr(text.size() - 1));
}

}  // namespace

Character next_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1};
  const base::Utf8Char decoded = base::decode_utf8(text);
  if (!decoded.valid) return {kInvalidByte + first, 1};
  return {decoded.code_point, decoded.size};
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return in_ranges(kLetterRanges, c);
}

bool is_digit(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return in_ranges(kDigitRanges, c);
}

std::string_view trim_left_space(std::string_view text) {
  while (!text.empty()) {
    const Character first = next_character(text);
    if (!is_space(first.code_point)) break;
    text.remove_prefix(first.size);
  }
  return text;
}

std::string_view trim_space(std::string_view text) {
  text = trim_left_space(text);
  while (!text.empty()) {
    const Character last = last_character(text);
    if (!is_space(last.code_point)) break;
    text.remove_suffix(last.size);
  }
  return text;
}

}  // namespace ibuild::parser
