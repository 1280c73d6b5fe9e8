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

constexpr const char* kWantedPort = "neither a number nor a range from 0 to 65535";

/// In BuildKit's words, and why.
[[noreturn]] void fail(const std::string& what, std::string_view text,
                       const std::string& why = {}) {
  throw base::UsageError("invalid " + what + ": " + base::printable(text) +
                         (why.empty() ? "" : ": " + why));
}

[[noreturn]] void fail_protocol(std::string_view text, std::string_view protocol) {
  const std::vector<std::string> known = {"tcp", "udp", "sctp"};
  base::UsageError error("invalid port: \"" + base::printable(text) +
                         "\": invalid proto: " + base::printable(protocol));
  const auto nearest = base::nearest_word(protocol, known);
  error.set_hint(nearest ? "did you mean " + *nearest + "?" : "use " + base::join(known, ", "));
  throw error;
}

void check_host_part(const PortWord& word, const Span& range) {
  const std::string_view host = word.host;
  const auto colon = host.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? host : host.substr(colon + 1);
  const std::string_view address = colon == std::string_view::npos ? "" : host.substr(0, colon);
  if (!address.empty() && !is_address(address)) fail("IP address", address);
  if (port.empty()) return;
  const auto host_range = parse_range(port);
  if (!host_range) fail("hostPort", port, kWantedPort);
  if (host_range->size() != range.size() && range.size() != 0) {
    fail("ranges specified for container and host Ports",
         std::string(word.ports) + " and " + std::string(port));
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
  if (word.ports.empty()) fail("port", "\"" + std::string(text) + "\"", "no port specified");
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
  if (!span) fail("containerPort", word.ports, kWantedPort);
  check_host_part(word, *span);
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
