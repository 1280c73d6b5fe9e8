#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/synchronized.h"
#include "registry/http/connection.h"
#include "registry/http/socket_transport.h"
#include "registry/http/tls_context.h"

namespace ibuild::registry {

/// Makes connections: looks up, connects, goes through the proxy, starts TLS. Thread: any.
class Connector {
 public:
  explicit Connector(const SocketTransportOptions& options) : options_(options) {}

  /// To where the request goes, as it wants to be connected.
  /// Throws: TransportError, base::UsageError (files of certs.d, proxy settings),
  /// base::CancelledError.
  std::unique_ptr<Connection> connect(const HttpRequest& request, const std::optional<Url>& proxy,
                                      const StopWaker& waker);

 private:
  struct KnownContext {
    TlsFiles files;
    TlsTrust trust;
    std::shared_ptr<const TlsContext> context;  // shared by the connections made with it
  };

  /// Where TLS leads, and with whom it is spoken.
  struct Peer {
    const Url& url;
    TlsTrust trust = TlsTrust::verified;
    TlsFiles files = {};  // beside those of certs.d
  };

  std::unique_ptr<ByteChannel> open_channel(const Url& url, std::chrono::milliseconds timeout,
                                            const StopWaker& waker);
  std::unique_ptr<ByteChannel> open_tunnel(const Url& url, const Url& proxy,
                                           std::chrono::milliseconds timeout,
                                           const StopWaker& waker);
  std::unique_ptr<ByteChannel> start_tls(std::unique_ptr<ByteChannel> carrier, const Peer& peer,
                                         const StopWaker& waker);
  std::shared_ptr<const TlsContext> context_for(const Peer& peer);
  TlsFiles files_for(const Peer& peer) const;

  const SocketTransportOptions& options_;
  base::Synchronized<std::vector<KnownContext>> contexts_;
};

/// "Basic …" for the userinfo of a proxy URL; none without.
std::optional<std::string> proxy_authorization(const Url& proxy);

}  // namespace ibuild::registry
