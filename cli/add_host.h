#pragma once

#include <string>
#include <string_view>

namespace ibuild::cli {

/// The value of --add-host, "name:ip" or "name=ip", with an IPv6 address bare or in brackets, as
/// "name:ip". Throws: UsageError, also for `host-gateway`, which has no meaning without a network
/// of the step's own.
std::string parse_add_host(std::string_view text);

}  // namespace ibuild::cli
