#pragma once

#include <cstddef>
#include <string_view>

namespace ibuild::parser {

/// One character of a text that need not be UTF-8: a byte that is none stands for itself.
struct Character {
  char32_t code_point = 0;  // kInvalidByte + the byte where the bytes are no UTF-8
  std::size_t size = 0;     // in bytes

  bool operator==(char32_t other) const { return code_point == other; }
};
inline constexpr char32_t kInvalidByte = 0x110000;

/// Requires: `text` is not empty.
Character next_character(std::string_view text);

/// White space as Go's unicode.IsSpace has it: the Dockerfile language trims by it.
bool is_space(char32_t code_point);
/// Letters and decimal digits of any script: they make the names of variables.
bool is_letter(char32_t code_point);
bool is_digit(char32_t code_point);

/// ' ', \t, \v, \f, \r: what parts words. A new line or a non-breaking space does not.
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

/// Without the is_space() characters at its ends.
std::string_view trim_left_space(std::string_view text);
std::string_view trim_space(std::string_view text);

}  // namespace ibuild::parser
