#include "parser/go_quote.h"

#include <fmt/format.h>

#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

/// As unicode.IsPrint for what occurs in practice: blanks but ' ', controls, formats, surrogates
/// and private use are not printed. Code points that no version of Unicode has assigned yet are.
bool is_printable(char32_t c) {
  if (c < 0xa1) return c >= 0x20 && c < 0x7f;
  if (is_space(c) || c == 0xad) return false;
  const bool is_format = (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
                         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
                         (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
  const bool is_private = (c >= 0xe000 && c <= 0xf8ff) || c >= 0xf0000;
  const bool is_no_character = (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
  return !is_format && !is_private && !is_no_character;
}

std::string escape(char32_t c) {
  constexpr std::string_view kCharacters = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view kLetters = "abfnrtv\\\"";
  if (c < 0x80) {
    const auto at = kCharacters.find(static_cast<char>(c));
    if (at != std::string_view::npos) return std::string("\\") + kLetters[at];
  }
  if (c >= kInvalidByte) return fmt::format("\\x{:02x}", static_cast<unsigned>(c - kInvalidByte));
  if (c < 0x20 || c == 0x7f) return fmt::format("\\x{:02x}", static_cast<unsigned>(c));
  return c < 0x10000 ? fmt::format("\\u{:04x}", static_cast<unsigned>(c))
                     : fmt::format("\\U{:08x}", static_cast<unsigned>(c));
}

}  // namespace

std::string go_quote(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const Character next = next_character(text);
    const bool is_plain = next.code_point != '"' && next.code_point != '\\' &&
                          next.code_point < kInvalidByte && is_printable(next.code_point);
    if (is_plain) {
      result += text.substr(0, next.size);
    } else {
      result += escape(next.code_point);
    }
    text.remove_prefix(next.size);
  }
  return result + '"';
}

std::string go_quote_list(std::span<const std::string> texts) {
  std::string result = "[";
  for (const std::string& text : texts) {
    if (result.size() > 1) result += ' ';
    result += go_quote(text);
  }
  return result + "]";
}

}  // namespace ibuild::parser
