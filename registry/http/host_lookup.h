#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "registry/http/io_wait.h"

namespace ibuild::registry {

/// An address to connect to.
struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size_bytes = 0;
  int family() const { return storage.ss_family; }
  /// "192.0.2.1 port 443", for messages
  std::string str() const;
};

/// The addresses of a host, in the order of the system's resolver. Literals and localhost ask
/// nobody. Throws: TransportError (name_unknown, name_lookup), base::CancelledError.
std::vector<SocketAddress> lookup_host(const std::string& host, std::uint16_t port,
                                       std::chrono::milliseconds timeout, const StopWaker& waker);

}  // namespace ibuild::registry
