#pragma once

#include <memory>
#include <string>

#include "registry/http/http_transport.h"
#include "registry/http/proxy.h"

namespace ibuild::registry {

struct SocketTransportOptions {
  CertsDirs certs_dirs;
  std::string ca_file;  // a CA for every host, beside the system's
  int max_connections_per_host = 6;
  TransportTimeouts timeouts;
  ProxySettings proxies;
};

/// HTTP/1.1 over TCP and TLS with kept-alive connections. Cheap to make: files are read with the
/// first connection.
std::unique_ptr<HttpTransport> make_socket_transport(SocketTransportOptions options);

}  // namespace ibuild::registry
