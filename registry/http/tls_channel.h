#pragma once

#include <memory>
#include <string>

#include "registry/http/byte_channel.h"
#include "registry/http/tls_context.h"

namespace ibuild::registry {

/// TLS, as the client, over another channel. The first reads and writes do the handshake.
class TlsChannel : public ByteChannel {
 public:
  /// `host` is what the certificate must be for (a name or an address).
  /// Requires: `context` outlives the channel; it is shared by all connections with the same files.
  TlsChannel(std::shared_ptr<const TlsContext> context, std::unique_ptr<ByteChannel> carrier,
             const std::string& host);
  ~TlsChannel() override;

  int fd() const override;
  /// One step of the handshake; `moved` when it is done.
  /// Throws: TransportError (tls_certificate, tls_handshake, speaks_plain_http, closed).
  IoStep try_handshake();
  IoStep try_read(std::span<std::byte> buffer) override;
  IoStep try_write(base::Bytes bytes) override;

 private:
  struct State;
  /// What `result` of an SSL call means.
  IoStep step_of(int result, std::size_t count);
  [[noreturn]] void fail();

  std::unique_ptr<State> state_;
};

/// The BIO that a TlsChannel puts under OpenSSL, so that no write raises SIGPIPE. Free with
/// BIO_meth_free.
bio_method_st* make_channel_bio_method();

}  // namespace ibuild::registry
