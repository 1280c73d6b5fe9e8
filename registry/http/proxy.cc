#include "registry/http/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::registry {

namespace {

std::string environment(const char* upper, const char* lower) {
  for (const char* name : {upper, lower}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

struct Address {
  std::array<unsigned char, 16> bytes{};
  unsigned bits = 0;  // 32 or 128
};

std::optional<Address> parse_address(std::string_view text) {
  Address address;
  if (::inet_pton(AF_INET, std::string(text).c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
    return address;
  }
  if (::inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
    return address;
  }
  return std::nullopt;
}

/// "10.0.0.0/8" holds 10.1.2.3
bool block_holds(std::string_view block, const Address& address) {
  const std::size_t slash = block.find('/');
  const auto network = parse_address(block.substr(0, slash));
  const auto length = base::parse_u64(block.substr(slash + 1));
  if (!network || !length || network->bits != address.bits || *length > address.bits) return false;
  for (std::uint64_t bit = 0; bit < *length; ++bit) {
    const auto mask = static_cast<unsigned char>(0x80 >> (bit % 8));
    if (((network->bytes[bit / 8] ^ address.bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool entry_matches(std::string_view entry, const Url& url) {
  if (entry == "*") return true;
  const auto address = parse_address(url.host);
  if (entry.find('/') != std::string_view::npos) return address && block_holds(entry, *address);
  if (const auto own = parse_address(entry)) return address && address->bytes == own->bytes;

  const bool sub_domains_only = entry.starts_with('.') || entry.starts_with("*.");
  if (entry.starts_with('*')) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  const auto host_port = parse_host_port(entry);
  if (!host_port || (host_port->port != 0 && host_port->port != url.port)) return false;
  if (url.host == host_port->host) return !sub_domains_only;
  return !address && url.host.ends_with("." + host_port->host);
}

}  // namespace

ProxySettings proxy_settings_from_environment() {
  return {.http_proxy = environment("HTTP_PROXY", "http_proxy"),
          .https_proxy = environment("HTTPS_PROXY", "https_proxy"),
          .no_proxy = environment("NO_PROXY", "no_proxy")};
}

std::optional<Url> proxy_for(const ProxySettings& settings, const Url& url) {
  const std::string& proxy = url.is_https() ? settings.https_proxy : settings.http_proxy;
  if (proxy.empty() || is_loopback_host(url.host)) return std::nullopt;
  for (std::string_view entry : base::split(settings.no_proxy, ',')) {
    entry = base::trim(entry);
    if (!entry.empty() && entry_matches(base::to_lower(entry), url)) return std::nullopt;
  }
  const bool has_scheme = proxy.find("://") != std::string::npos;
  const auto parsed = parse_url(has_scheme ? proxy : "http://" + proxy);
  if (!parsed) {
    const std::string name = url.is_https() ? "HTTPS_PROXY" : "HTTP_PROXY";
    throw base::UsageError(name + " is no http:// or https:// URL of a proxy");
  }
  return parsed;
}

}  // namespace ibuild::registry
