// See: https://pkg.go.dev/net/url, RFC 3986 and, for zones of addresses, RFC 6874.
#include "parser/go_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/error.h"
#include "base/text.h"
#include "parser/url_text.h"

namespace ibuild::parser {

namespace {

// What stands unescaped in each part, beside letters, digits and "-_.~".
constexpr std::string_view kInUser = "$&+,;=";
constexpr std::string_view kInHost = "!\"$&'()*+,:;<=>[]";
constexpr std::string_view kInPath = "$&+,/:;=@";
/// A path with these is left as it was written.
constexpr std::string_view kLeftInPath = "$&+,/:;=@!'()*[]%";
constexpr std::string_view kAllowedInUser = "$&+,;=:!'()*%@";

bool is_kept(char c, std::string_view others) {
  const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_plain || std::string_view("-_.~").find(c) != std::string_view::npos ||
         others.find(c) != std::string_view::npos;
}

bool is_all_kept(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [others](char c) { return is_kept(c, others); });
}

std::string escape(std::string_view text, std::string_view kept) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    if (is_kept(c, kept)) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return result;
}

bool is_port(std::string_view text) {
  return text.empty() ||
         (text.front() == ':' && text.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// In a name of a host only bytes beyond ASCII, and the percent sign itself, may be escaped; in a
/// zone also what could stand there as it is, and blanks.
std::optional<std::string> decode_host(std::string_view text, bool is_zone) {
  auto decoded = percent_decode(text);
  if (!decoded) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (is_ascii(text[i]) && !is_kept(text[i], kInHost)) return std::nullopt;
      continue;
    }
    const std::string_view escaped = text.substr(i, 3);
    const char meant = percent_decode(escaped)->front();
    const bool may_be =
        escaped == "%25" || (is_zone ? meant == ' ' || is_kept(meant, kInHost) : !is_ascii(meant));
    if (!may_be) return std::nullopt;
    i += 2;
  }
  return decoded;
}

/// "[fe80::1%25eth0]:80"
std::optional<std::string> read_address(std::string_view host) {
  const auto close = host.rfind(']');
  if (close == std::string_view::npos || !is_port(host.substr(close + 1))) return std::nullopt;
  const std::string_view inside = host.substr(1, close - 1);
  const auto zone_at = std::min(inside.find("%25"), inside.size());
  const auto address = decode_host(inside.substr(0, zone_at), false);
  const auto zone = decode_host(inside.substr(zone_at), true);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (!address || !zone || zone->size() == 1) return std::nullopt;
  if (inet_pton(AF_INET6, address->c_str(), bytes.data()) != 1) return std::nullopt;
  return "[" + *address + *zone + "]" + std::string(host.substr(close + 1));
}

std::optional<std::string> read_host(std::string_view scheme, std::string_view host) {
  if (const auto bracket = host.rfind('['); bracket != std::string_view::npos) {
    return bracket == 0 ? read_address(host) : std::nullopt;
  }
  const bool is_strict = scheme == "http" || scheme == "https";
  const auto colon = is_strict ? host.find(':') : host.rfind(':');
  if (colon != std::string_view::npos && !is_port(host.substr(colon))) return std::nullopt;
  return decode_host(host, false);
}

/// "user:password", each part decoded and escaped anew.
std::optional<std::string> rewrite_user(std::string_view user) {
  if (!is_all_kept(user, kAllowedInUser)) return std::nullopt;
  const auto colon = user.find(':');
  const auto name = percent_decode(user.substr(0, colon));
  if (!name) return std::nullopt;
  if (colon == std::string_view::npos) return escape(*name, kInUser);
  const auto password = percent_decode(user.substr(colon + 1));
  if (!password) return std::nullopt;
  return escape(*name, kInUser) + ":" + escape(*password, kInUser);
}

std::optional<std::string> rewrite_authority(std::string_view scheme, std::string_view authority) {
  const auto at = authority.rfind('@');
  const bool has_user = at != std::string_view::npos;
  const auto host = read_host(scheme, has_user ? authority.substr(at + 1) : authority);
  if (!host) return std::nullopt;
  if (!has_user) return escape(*host, kInHost);
  const auto user = rewrite_user(authority.substr(0, at));
  if (!user) return std::nullopt;
  return *user + "@" + escape(*host, kInHost);
}

}  // namespace

std::optional<GoUrl> read_go_url(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const std::string_view before_fragment = text.substr(0, text.find('#'));
  if (std::any_of(before_fragment.begin(), before_fragment.end(), is_control)) return std::nullopt;
  const UrlParts parts = split_url(text);
  const auto authority = rewrite_authority(parts.scheme, parts.authority);
  auto path = percent_decode(parts.path);
  auto fragment = percent_decode(parts.fragment);
  if (!authority || !path || !fragment) return std::nullopt;
  GoUrl url;
  if (!parts.scheme.empty()) {
    const bool is_bare = parts.authority.empty() && parts.path.empty();
    url.location = parts.scheme + (is_bare ? ":" : "://") + *authority;
  }
  url.location += is_all_kept(parts.path, kLeftInPath) ? parts.path : escape(*path, kInPath);
  // A lone `?` at the end stays; a query does not.
  if (before_fragment.ends_with('?') && parts.query.empty()) url.location += '?';
  url.path = *std::move(path);
  url.fragment = *std::move(fragment);
  for (const std::string_view part : base::split(parts.query, '&')) {
    auto pairs = parse_query(part);
    if (pairs) std::move(pairs->begin(), pairs->end(), std::back_inserter(url.query));
  }
  return url;
}

void check_url_escapes(std::string_view text) {
  if (read_go_url(text)) return;
  const auto hash = std::min(text.find('#'), text.size());
  const auto query = std::min(text.substr(0, hash).find('?'), hash);
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const bool is_in_query = at > query && at < hash;
    const std::string_view escape = text.substr(at, 3);
    if (is_in_query || (escape.size() == 3 && percent_decode(escape))) continue;
    base::UsageError error("invalid URL escape \"" + base::printable(escape) + "\"");
    error.set_hint("a percent sign itself is written %25");
    throw error;
  }
}

}  // namespace ibuild::parser
