#include "cli/add_host.h"

#include <arpa/inet.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/csv.h"

namespace ibuild::cli {

namespace {

bool is_address(const std::string& text) {
  in6_addr buffer{};
  return inet_pton(AF_INET, text.c_str(), &buffer) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &buffer) == 1;
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.find_first_of(" \t\r\n#") == std::string_view::npos &&
         base::printable(name) == name;
}

}  // namespace

std::string parse_add_host(std::string_view text) {
  const auto refuse = [&](const std::string& why) -> base::UsageError {
    return base::UsageError("--add-host " + base::printable(text) + ": " + why);
  };
  auto separator = text.find('=');
  if (separator == std::string_view::npos) separator = text.find(':');
  if (separator == std::string_view::npos) throw refuse("write NAME:ADDRESS");
  const auto name = text.substr(0, separator);
  auto address = std::string(text.substr(separator + 1));
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  if (!is_host_name(name)) throw refuse("the host name is not valid");
  if (address != "host-gateway" && !is_address(address))
    throw refuse("\"" + base::printable(address) + "\" is no IP address");
  return std::string(name) + ":" + address;
}

void take_add_hosts(std::string_view text, std::vector<std::string>& hosts) {
  try {
    for (const auto& each : parse_csv(text)) hosts.push_back(parse_add_host(each));
  } catch (base::UsageError& error) {
    if (!std::string_view(error.what()).starts_with("--add-host")) error.add_context("--add-host");
    throw;
  }
}

}  // namespace ibuild::cli
