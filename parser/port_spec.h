#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// The parts of a word of EXPOSE, as they are written: views into it.
struct PortWord {
  std::string_view host;       // an address, a port of the host, or both
  std::string_view ports;      // not empty
  std::string protocol;        // tcp, udp or sctp
  bool has_host_part = false;  // which means nothing here
  bool protocol_has_capitals = false;
};

/// One word of EXPOSE: a range of ports, often of one.
struct PortRange {
  std::uint32_t first = 0;  // 0 to 65535
  std::uint32_t last = 0;   // not below `first`
  std::string protocol;
};

/// The same with its ports one by one: up to 65536 of them.
struct PortSpec {
  std::vector<std::string> ports;  // "80/tcp"
};

/// Takes a word apart. Throws: base::UsageError when it has no port, or another protocol.
PortWord split_port_word(std::string_view text);
/// "80", "80/udp", "8000-8010/tcp"; "ip:hostport:port" is read for old files' sake.
/// Throws: base::UsageError.
PortRange parse_port_range(std::string_view text);
PortSpec parse_port_spec(std::string_view text);

}  // namespace ibuild::parser
