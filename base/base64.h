#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ibuild::base {

/// RFC 4648 section 4, with padding.
std::string encode_base64(std::string_view bytes);
/// None when it is no base64. Padding may be missing.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace ibuild::base
