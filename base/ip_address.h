#pragma once

#include <string>

namespace ibuild::base {

/// Whether the text is an IPv4 address in four parts, or an IPv6 address. See: inet_pton(3).
bool is_ip_address(const std::string& text);

}  // namespace ibuild::base
