#include "base/hex.h"

namespace ibuild::base {

void append_hex(std::string& text, std::string_view raw) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t at = text.size();
  text.resize(at + 2 * raw.size());
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    text[at++] = kDigits[byte >> 4];
    text[at++] = kDigits[byte & 15];
  }
}

std::string to_hex(std::string_view raw) {
  std::string hex;
  append_hex(hex, raw);
  return hex;
}

}  // namespace ibuild::base
