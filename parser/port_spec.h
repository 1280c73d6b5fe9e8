#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// One word of EXPOSE.
struct PortSpec {
  std::vector<std::string> ports;    // "80/tcp"; a range gives one for each
  bool has_host_part = false;        // an address or a port of the host, which mean nothing here
  bool protocol_has_capitals = false;
};

/// "80", "80/udp", "8000-8010/tcp"; "ip:hostport:port" is read for old files' sake.
/// Throws: base::UsageError.
PortSpec parse_port_spec(std::string_view text);

}  // namespace ibuild::parser
