#include "registry/http/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace ibuild::registry {

namespace {

/// Query parameters of the distribution-spec and of token requests whose values are no secrets.
constexpr std::array<std::string_view, 11> kPublicParameters = {
    "account", "artifactType", "client_id", "digest", "from", "last", "mount",
    "n",       "scope",        "service",   "tag"};

/// Longer ones are refused: no registry needs them, and requests with them fail anyway.
constexpr std::size_t kMaxUrlBytes = 16 << 10;

bool is_url_byte(char c) { return c > ' ' && c < 0x7f; }

bool is_host_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
}

bool is_ipv6(std::string_view text) {
  in6_addr address;
  return ::inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

/// Path of RFC 3986 5.2.4 without "." and ".." segments.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> segments = base::split(path, '/');
  for (std::size_t i = 1; i < segments.size(); ++i) {  // the first is empty: path starts with '/'
    const bool last = i + 1 == segments.size();
    if (segments[i] == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segments[i] != ".") {
      kept.push_back(segments[i]);
      continue;
    }
    if (last) kept.push_back({});
  }
  std::string result;
  for (std::string_view segment : kept) result.append("/").append(segment);
  return result.empty() ? "/" : result;
}

struct Tail {
  std::string path;
  std::optional<std::string> query;
};

Tail split_tail(std::string_view text) {
  text = text.substr(0, text.find('#'));
  const std::size_t mark = text.find('?');
  Tail tail{std::string(text.substr(0, mark)), std::nullopt};
  if (mark != std::string_view::npos) tail.query = std::string(text.substr(mark + 1));
  return tail;
}

std::string redact_query(std::string_view query) {
  std::string result;
  for (std::string_view part : base::split(query, '&')) {
    if (!result.empty()) result += '&';
    const std::size_t equals = part.find('=');
    const std::string_view key = part.substr(0, equals);
    const bool is_public = std::find(kPublicParameters.begin(), kPublicParameters.end(), key) !=
                           kPublicParameters.end();
    result += is_public || equals == std::string_view::npos ? std::string(part)
                                                            : std::string(key) + "=...";
  }
  return result;
}

}  // namespace

std::string Url::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string text = is_v6 ? "[" + host + "]" : host;
  if (!has_default_port()) text += ":" + std::to_string(port);
  return text;
}

std::string Url::request_target() const { return query ? path + "?" + *query : path; }

std::string Url::redacted() const {
  std::string text = origin() + path;
  if (query) text += "?" + redact_query(*query);
  return base::printable(text);
}

Url Url::with_query(std::string_view key, std::string_view value) const {
  Url url = *this;
  std::string added = percent_encode(key) + "=" + percent_encode(value);
  url.query = query && !query->empty() ? *query + "&" + added : added;
  return url;
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return std::nullopt;
    result.host = base::to_lower(text.substr(1, end - 1));
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    result.host = base::to_lower(text.substr(0, colon));
    if (!std::all_of(result.host.begin(), result.host.end(), is_host_byte)) return std::nullopt;
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (result.host.empty()) return std::nullopt;
  if (rest.empty()) return result;
  const auto port = rest[0] == ':' ? base::parse_u64(rest.substr(1)) : std::nullopt;
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  result.port = static_cast<std::uint16_t>(*port);
  return result;
}

std::optional<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes || !std::all_of(text.begin(), text.end(), is_url_byte)) {
    return std::nullopt;
  }
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return std::nullopt;
  Url url;
  url.scheme = base::to_lower(text.substr(0, mark));
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;

  text.remove_prefix(mark + 3);
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, end);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url.userinfo = std::string(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  if (authority.ends_with(':')) authority.remove_suffix(1);
  const std::optional<HostPort> host_port = parse_host_port(authority);
  if (!host_port) return std::nullopt;
  url.host = host_port->host;
  url.port = host_port->port != 0 ? host_port->port : url.is_https() ? 443 : 80;

  Tail tail = split_tail(text.substr(end));
  url.path = tail.path.empty() ? "/" : std::move(tail.path);
  url.query = std::move(tail.query);
  return url;
}

std::optional<Url> resolve_url(const Url& base, std::string_view reference) {
  if (reference.size() > kMaxUrlBytes ||
      !std::all_of(reference.begin(), reference.end(), is_url_byte)) {
    return std::nullopt;
  }
  if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string(reference));
  const std::size_t colon = reference.find(':');
  if (colon != std::string_view::npos && colon < reference.find_first_of("/?#")) {
    return parse_url(reference);  // has a scheme
  }
  Url url = base;
  url.userinfo.clear();
  Tail tail = split_tail(reference);
  if (tail.path.empty()) {
    if (tail.query) url.query = std::move(tail.query);
    return url;
  }
  if (!tail.path.starts_with('/')) {
    tail.path = base.path.substr(0, base.path.rfind('/') + 1) + tail.path;
  }
  url.path = remove_dot_segments(tail.path);
  url.query = std::move(tail.query);
  return url;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    if (is_host_byte(c) || (c >= 'A' && c <= 'Z') || c == '~') {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return result;
}

std::optional<std::string> percent_decode(std::string_view text) {
  const auto hex = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
    result += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    i += 2;
  }
  return result;
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost") || host == "::1") return true;
  in_addr v4;
  return ::inet_aton(std::string(host).c_str(), &v4) != 0 && (ntohl(v4.s_addr) >> 24) == 127;
}

bool is_local_only_host(std::string_view host) {
  if (is_loopback_host(host)) return true;
  in_addr v4;
  if (::inet_aton(std::string(host).c_str(), &v4) != 0) {  // as getaddrinfo: "127.1" too
    const std::uint32_t address = ntohl(v4.s_addr);
    return address >> 24 == 0 || address >> 16 == 0xa9fe;  // 0.0.0.0/8, 169.254.0.0/16
  }
  in6_addr v6;
  if (::inet_pton(AF_INET6, std::string(host).c_str(), &v6) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    char text[INET_ADDRSTRLEN];
    ::inet_ntop(AF_INET, &v6.s6_addr[12], text, sizeof text);
    return is_local_only_host(text);
  }
  return IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6);
}

}  // namespace ibuild::registry
