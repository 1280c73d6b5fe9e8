#include "base/utf8.h"

namespace ibuild::base {

namespace {

struct Form {
  std::size_t size;
  char32_t smallest;
  unsigned char lead_mask;
};

/// The shape a lead byte announces; size 0 for a byte that leads nothing.
Form form_of(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0x7f};
  if (lead >= 0xc2 && lead <= 0xdf) return {2, 0x80, 0x1f};
  if (lead >= 0xe0 && lead <= 0xef) return {3, 0x800, 0x0f};
  if (lead >= 0xf0 && lead <= 0xf4) return {4, 0x10000, 0x07};
  return {0, 0, 0};
}

}  // namespace

Utf8Char decode_utf8(std::string_view text) {
  constexpr Utf8Char kInvalid = {0, 1, false};
  const auto lead = static_cast<unsigned char>(text[0]);
  const Form form = form_of(lead);
  if (form.size == 0 || form.size > text.size()) return kInvalid;
  char32_t value = lead & form.lead_mask;
  for (std::size_t i = 1; i < form.size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return kInvalid;
    value = (value << 6) | (next & 0x3fu);
  }
  const bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < form.smallest || value > 0x10ffff || is_surrogate) return kInvalid;
  return {value, form.size, true};
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char next = decode_utf8(text);
    if (!next.valid) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char next = decode_utf8(text);
    if (next.valid) {
      result += text.substr(0, next.size);
    } else {
      result += "\xef\xbf\xbd";
    }
    text.remove_prefix(next.size);
  }
  return result;
}

}  // namespace ibuild::base
