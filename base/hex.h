// Hexadecimal digits of bytes, lower case, as digests are written.
#pragma once

#include <string>
#include <string_view>

namespace ibuild::base {

/// Two digits for each byte of `raw`.
std::string to_hex(std::string_view raw);
/// The same at the end of `text`.
void append_hex(std::string& text, std::string_view raw);

}  // namespace ibuild::base
