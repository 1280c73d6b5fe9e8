// See: https://docs.docker.com/reference/dockerfile/#expose
#include "parser/port_spec.h"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

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

[[noreturn]] void fail_protocol(std::string_view text, std::string_view protocol) {
  const std::vector<std::string> known = {"tcp", "udp", "sctp"};
  base::UsageError error("invalid port \"" + base::printable(text) +
                         "\": invalid proto: " + base::printable(protocol));
  const auto nearest = base::nearest_word(protocol, known);
  error.set_hint(nearest ? "did you mean " + *nearest + "?" : "use " + base::join(known, ", "));
  throw error;
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

PortWord split_port_word(std::string_view text) {
  PortWord word;
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos) word.host = text.substr(0, colon);
  const auto container = colon == std::string_view::npos ? text : text.substr(colon + 1);
  const auto slash = container.find('/');
  word.ports = container.substr(0, slash);
  const auto written = slash == std::string_view::npos ? "" : container.substr(slash + 1);
  if (word.ports.empty()) fail(text, "no port specified");
  word.protocol = written.empty() ? "tcp" : base::to_lower(written);
  if (word.protocol != "tcp" && word.protocol != "udp" && word.protocol != "sctp")
    fail_protocol(text, written);
  word.protocol_has_capitals = !written.empty() && written != word.protocol;
  word.has_host_part = word.host.find_first_not_of(':') != std::string_view::npos;
  return word;
}

PortRange parse_port_range(std::string_view text) {
  PortWord word = split_port_word(text);
  const auto span = parse_range(word.ports);
  if (!span) fail(text, "invalid port number or range (0 to 65535)");
  check_host_part(text, word.host, *span);
  return {span->first, span->last, std::move(word.protocol)};
}

PortSpec parse_port_spec(std::string_view text) {
  const PortRange range = parse_port_range(text);
  PortSpec spec;
  for (std::uint32_t port = range.first; port <= range.last; ++port) {
    spec.ports.push_back(std::to_string(port) + "/" + range.protocol);
  }
  return spec;
}

}  // namespace ibuild::parser
