#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ibuild::registry {

/// An absolute http or https URL in parts. Percent-encoding is kept as it was written: signed URLs
/// break when they are decoded and encoded again. See: RFC 3986.
struct Url {
  std::string scheme;    // "http" or "https"
  std::string userinfo;  // "user:password", undecoded; for proxies only
  std::string host;      // lower case, without brackets: "registry-1.docker.io", "::1"
  std::uint16_t port = 0;
  std::string path = "/";  // starts with a slash
  std::optional<std::string> query;

  bool operator==(const Url&) const = default;

  bool is_https() const { return scheme == "https"; }
  bool has_default_port() const { return port == (is_https() ? 443 : 80); }
  /// "host", "host:5000", "[::1]:5000": what the Host field and certs.d call it.
  std::string authority() const;
  /// "https://host:5000", what decides whether two URLs are one origin.
  std::string origin() const { return scheme + "://" + authority(); }
  /// "/path?query", for the request line.
  std::string request_target() const;
  /// The whole URL, without userinfo.
  std::string str() const { return origin() + request_target(); }
  /// For messages: without userinfo, and with the values of query parameters that may be secret
  /// left out.
  std::string redacted() const;
  /// The same with `key=value` added to the query, the value percent-encoded.
  Url with_query(std::string_view key, std::string_view value) const;
};

/// None when `text` is no absolute http(s) URL with a host, or holds blanks or control bytes. A
/// fragment is dropped.
std::optional<Url> parse_url(std::string_view text);

/// What a Location field with `reference` means in an answer from `base`. None when it is no
/// http(s) URL.
std::optional<Url> resolve_url(const Url& base, std::string_view reference);

/// host[:port] or [v6][:port] of a registry; port 0 when none was given. None when it is no such
/// thing.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
std::optional<HostPort> parse_host_port(std::string_view text);

/// Percent-encodes all but unreserved characters (RFC 3986 2.3).
std::string percent_encode(std::string_view text);
/// None when a percent sign is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text);

/// localhost, *.localhost, 127.0.0.0/8 and ::1.
bool is_loopback_host(std::string_view host);
/// Loopback, link-local (cloud metadata services live there) and unspecified addresses: hosts that
/// nobody but ourselves may send us to.
bool is_local_only_host(std::string_view host);

}  // namespace ibuild::registry
