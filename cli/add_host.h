#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ibuild::cli {

/// The value of --add-host, "name:ip" or "name=ip", with an IPv6 address bare or in brackets, as
/// "name:ip". For `host-gateway`, the address of the host, "name:host-gateway". Throws: UsageError.
std::string parse_add_host(std::string_view text);

/// Adds what one --add-host of a build says: several with commas between them, as with buildx.
void take_add_hosts(std::string_view text, std::vector<std::string>& hosts);

}  // namespace ibuild::cli
