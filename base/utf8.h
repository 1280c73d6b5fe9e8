#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ibuild::base {

/// One decoded character. Where the bytes are no UTF-8, `valid` is false and `size` is 1.
struct Utf8Char {
  char32_t code_point = 0;
  std::size_t size = 0;
  bool valid = false;
};

/// The first character of `text`. Overlong forms, surrogates and values above U+10FFFF are invalid
/// (RFC 3629). Requires: `text` is not empty.
Utf8Char decode_utf8(std::string_view text);

bool is_valid_utf8(std::string_view text);

/// `text` with each byte that is no UTF-8 replaced by U+FFFD, as Go's encoding/json does.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace ibuild::base
