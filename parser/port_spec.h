#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// One word of EXPOSE: a range of ports, often of one.
struct PortRange {
  std::uint32_t first = 0;     // 0 to 65535
  std::uint32_t last = 0;      // not below `first`
  std::string protocol;        // tcp, udp or sctp
  bool has_host_part = false;  // an address or a port of the host, which mean nothing here
  bool protocol_has_capitals = false;
};

/// The same with its ports one by one: up to 65536 of them.
struct PortSpec {
  std::vector<std::string> ports;  // "80/tcp"
  bool has_host_part = false;
  bool protocol_has_capitals = false;
};

/// "80", "80/udp", "8000-8010/tcp"; "ip:hostport:port" is read for old files' sake.
/// Throws: base::UsageError.
PortRange parse_port_range(std::string_view text);
PortSpec parse_port_spec(std::string_view text);

}  // namespace ibuild::parser
