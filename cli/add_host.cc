#include "cli/add_host.h"

#include "base/error.h"
#include "base/ip_address.h"
#include "base/text.h"
#include "cli/csv.h"

namespace ibuild::cli {

namespace {

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
  if (address != "host-gateway" && !base::is_ip_address(address))
    throw refuse("\"" + base::printable(address) + "\" is no IP address");
  return std::string(name) + ":" + address;
}

void take_add_hosts(std::string_view text, std::vector<std::string>& hosts) {
  std::vector<std::string> parts;
  try {
    parts = parse_csv(text);
  } catch (base::UsageError& error) {
    error.add_context("--add-host");
    throw;
  }
  for (const auto& part : parts) hosts.push_back(parse_add_host(part));
}

}  // namespace ibuild::cli
