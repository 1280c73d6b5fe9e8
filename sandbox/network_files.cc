#include "sandbox/network_files.h"

#include <arpa/inet.h>

#include <array>
#include <optional>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/ip_address.h"
#include "base/text.h"

namespace ibuild::sandbox {

namespace {

constexpr std::uint64_t kResolvConfCap = 1 << 20;  // resolvers read some hundred bytes
constexpr std::string_view kResolvedStub = "127.0.0.53";
// Google's public servers, as other builders take them.
constexpr std::array<std::string_view, 4> kPublicServers = {
    "8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"};

/// The address of a "nameserver" line, with its "%interface" if it has one; none for other lines.
std::optional<std::string_view> name_server(std::string_view line) {
  constexpr std::string_view kKeyword = "nameserver";
  if (!line.starts_with(kKeyword)) return std::nullopt;
  line.remove_prefix(kKeyword.size());
  if (line.empty() || (line[0] != ' ' && line[0] != '\t')) return std::nullopt;
  line = base::trim(line);
  return line.substr(0, line.find_first_of(" \t"));
}

std::vector<std::string_view> name_servers(std::string_view resolv_conf) {
  std::vector<std::string_view> servers;
  for (std::string_view line : base::split(resolv_conf, '\n')) {
    if (const auto server = name_server(line)) servers.push_back(*server);
  }
  return servers;
}

/// Also true for what is no address at all: it is of no use either.
bool is_loopback(std::string_view server) {
  const std::string text(server.substr(0, server.find('%')));
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return true;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

std::string with_public_servers(std::string text) {
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  for (std::string_view server : kPublicServers) text += "nameserver " + std::string(server) + "\n";
  return text;
}

/// A host name without blanks, control bytes and comment marks.
bool is_host_name(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f || byte == '#') return false;
  }
  return true;
}

}  // namespace

bool names_only_resolved_stub(std::string_view resolv_conf) {
  const auto servers = name_servers(resolv_conf);
  return servers.size() == 1 && servers[0] == kResolvedStub;
}

std::string step_resolv_conf(std::string_view host, NetworkMode network) {
  if (network == NetworkMode::host) {
    std::string same(host);
    return name_servers(host).empty() ? with_public_servers(std::move(same)) : same;
  }
  std::string text;
  bool has_server = false;
  if (host.ends_with('\n')) host.remove_suffix(1);
  for (std::string_view line : base::split(host, '\n')) {
    const auto server = name_server(line);
    if (server && is_loopback(*server)) continue;
    has_server = has_server || server;
    text += std::string(line) + "\n";
  }
  if (base::trim(text).empty()) text.clear();
  return has_server ? text : with_public_servers(std::move(text));
}

std::string make_resolv_conf(NetworkMode network) {
  auto read = [](const char* path) { return base::try_read_host_file(path, kResolvConfCap); };
  std::string host = read("/etc/resolv.conf").value_or("");
  if (network != NetworkMode::host && names_only_resolved_stub(host)) {
    host = read("/run/systemd/resolve/resolv.conf").value_or(host);
  }
  return step_resolv_conf(host, network);
}

std::string with_dns_settings(std::string_view resolv_conf, const DnsSettings& dns) {
  if (dns.empty()) return std::string(resolv_conf);
  std::string text;
  const auto put = [&text](std::string_view keyword, const std::vector<std::string>& values) {
    text.append(keyword).append(" ").append(base::join(values, " ")).append("\n");
  };
  if (resolv_conf.ends_with('\n')) resolv_conf.remove_suffix(1);
  for (const std::string_view line : base::split(resolv_conf, '\n')) {
    const auto keyword = line.substr(0, line.find_first_of(" \t"));
    const bool is_replaced = (keyword == "nameserver" && !dns.servers.empty()) ||
                             (keyword == "options" && !dns.options.empty()) ||
                             ((keyword == "search" || keyword == "domain") && !dns.search.empty());
    if (!is_replaced && !line.empty()) text.append(line).append("\n");
  }
  if (!dns.search.empty() && dns.search != std::vector<std::string>{"."}) put("search", dns.search);
  for (const auto& server : dns.servers) put("nameserver", {server});
  if (!dns.options.empty()) put("options", dns.options);
  return text;
}

std::string make_hosts(std::string_view hostname,
                       const std::vector<std::pair<std::string, std::string>>& extra) {
  auto check_name = [](std::string_view name) {
    if (!is_host_name(name)) {
      throw base::UsageError("\"" + base::printable(name) + "\" is no host name");
    }
  };
  check_name(hostname);
  std::string text = "127.0.0.1\tlocalhost " + std::string(hostname) +
                     "\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  for (const auto& [name, address] : extra) {
    check_name(name);
    if (!base::is_ip_address(address)) {
      throw base::UsageError("\"" + base::printable(address) + "\" is no address for host " +
                             base::printable(name));
    }
    text.append(address).append("\t").append(name).append("\n");
  }
  return text;
}

}  // namespace ibuild::sandbox
