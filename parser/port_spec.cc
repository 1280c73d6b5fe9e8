// See: https://docs.docker.com/reference/dockerfile/#expose
#include "parser/port_spec.h"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::parser {

namespace {

struct Span {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t size() const { return last - first; }
};

std::optional<std::uint32_t> parse_port(std::string_view text) {
  const auto number = base::parse_u64(text.starts_with('+') ? text.substr(1) : text);
  if (!number || *number > 65535) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<Span> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Span{*first, *last};
}

bool is_address(std::string_view text) {
  std::string address(text);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
}

[[noreturn]] void fail(std::string_view text, const std::string& reason) {
  throw base::UsageError("invalid port \"" + base::printable(text) + "\": " + reason);
}

void check_host_part(std::string_view text, std::string_view host, const Span& range) {
  const auto colon = host.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? host : host.substr(colon + 1);
  const std::string_view address = colon == std::string_view::npos ? "" : host.substr(0, colon);
  if (!address.empty() && !is_address(address)) fail(text, "invalid IP address");
  if (port.empty()) return;
  const auto host_range = parse_range(port);
  if (!host_range) fail(text, "invalid port of the host");
  if (host_range->size() != range.size() && range.size() != 0) {
    fail(text, "the ranges of the container and the host differ in size");
  }
}

}  // namespace

PortRange parse_port_range(std::string_view text) {
  PortRange result;
  const auto colon = text.rfind(':');
  const std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);
  const std::string_view container =
      colon == std::string_view::npos ? text : text.substr(colon + 1);
  const auto slash = container.find('/');
  const std::string_view ports = container.substr(0, slash);
  const std::string_view written =
      slash == std::string_view::npos ? "" : container.substr(slash + 1);
  if (ports.empty()) fail(text, "no port specified");
  result.protocol = written.empty() ? "tcp" : base::to_lower(written);
  const std::string& protocol = result.protocol;
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
    fail(text, "invalid proto: " + base::printable(written));
  }
  result.protocol_has_capitals = !written.empty() && written != protocol;
  result.has_host_part = host.find_first_not_of(':') != std::string_view::npos;
  const auto span = parse_range(ports);
  if (!span) fail(text, "invalid port number or range (0 to 65535)");
  check_host_part(text, host, *span);
  result.first = span->first;
  result.last = span->last;
  return result;
}

PortSpec parse_port_spec(std::string_view text) {
  const PortRange range = parse_port_range(text);
  PortSpec spec;
  spec.has_host_part = range.has_host_part;
  spec.protocol_has_capitals = range.protocol_has_capitals;
  for (std::uint32_t port = range.first; port <= range.last; ++port) {
    spec.ports.push_back(std::to_string(port) + "/" + range.protocol);
  }
  return spec;
}

}  // namespace ibuild::parser
