#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "base/stream.h"
#include "registry/http/http_message.h"
#include "registry/http/tls_files.h"
#include "registry/http/url.h"

namespace ibuild::registry {

/// Why no complete answer came.
enum class TransportFailure {
  name_unknown,        // the host name does not exist
  name_lookup,         // the name server gave no answer
  connect,             // refused, unreachable
  connect_timeout,     // no connection in time
  proxy,               // the proxy refused
  tls_certificate,     // the server's certificate is not trusted, or not for this host
  tls_handshake,       // any other disagreement about TLS
  speaks_plain_http,   // TLS was tried, the server does not speak it
  speaks_tls,          // plain HTTP was tried, the server wants TLS
  first_byte_timeout,  // the request was sent, no answer came in time
  stalled,             // bytes stopped flowing in the middle
  closed,              // the connection broke off
  protocol,            // the answer is no HTTP/1.1
  too_large,           // the answer is larger than allowed
};

/// One request got no usable answer.
class TransportError : public base::Error {
 public:
  TransportError(TransportFailure failure, std::string message)
      : Error(std::move(message)), failure_(failure) {}
  TransportFailure failure() const { return failure_; }

 private:
  TransportFailure failure_;
};

/// Whether the server must prove who it is. `none` is for registries that the user has marked as
/// insecure.
enum class TlsTrust { verified, none };

/// What the user has set for connections to one place. It is nobody else's: not the place's
/// redirects', not those of its uploads.
struct ConnectionRules {
  TlsFiles tls_files;                                        // beside those of certs.d
  std::optional<std::chrono::milliseconds> connect_timeout;  // none: TransportTimeouts::connect
  bool operator==(const ConnectionRules&) const = default;
};

/// How long the server may take between the last byte of the request and the first of the answer:
/// TransportTimeouts::first_byte, or ::commit where it has to deal with what it got first.
enum class AnswerDelay { usual, commit };

/// One request. The body is opened once for each time it is sent.
struct HttpRequest {
  std::string method;
  Url url;
  HttpHeaders headers = {};
  /// Names of fields that, like Authorization, are not for other hosts.
  std::vector<std::string> private_fields = {};
  TlsTrust trust = TlsTrust::verified;
  ConnectionRules connection = {};

  std::function<std::unique_ptr<base::ByteSource>()> open_body = {};  // empty: no body
  std::uint64_t body_size_bytes = 0;  // Content-Length; the source must give exactly this much
  std::function<void(std::uint64_t sent_bytes)> on_sent = {};
  AnswerDelay answer_delay = AnswerDelay::usual;

  /// Called with each final head before its body; gives where the body goes, or nullptr to collect
  /// it in HttpResponse::body.
  std::function<base::ByteSink*(const HttpHead&)> on_head = {};
  /// A collected body of a good answer may be this large (else TransportFailure::too_large).
  std::uint64_t body_cap_bytes = kDefaultBodyCapBytes;

  static constexpr std::uint64_t kDefaultBodyCapBytes = 4 << 20;
  /// A collected body of status 300 and above is cut here.
  static constexpr std::uint64_t kErrorBodyCapBytes = 64 << 10;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers = {};
  std::string body = {};  // empty when a sink took it
};

/// One request → one answer. Follows no redirects, adds no credentials, tries nothing twice that
/// the server may have seen. Thread: any; requests of several threads run side by side.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  /// Throws: TransportError; base::CancelledError within about 100 ms of a stop request; what the
  /// body source or the sink throws; base::ContentError when the body source gives more or fewer
  /// bytes than promised.
  virtual HttpResponse send(const HttpRequest& request, std::stop_token stop) = 0;
};

struct TransportTimeouts {
  std::chrono::milliseconds connect{10000};  // per address; TLS handshake the same again
  std::chrono::milliseconds first_byte{60000};
  /// Registries on object storage copy a whole blob before they answer the last request of its
  /// upload.
  std::chrono::milliseconds commit{300000};
  std::chrono::milliseconds stall{30000};
};

}  // namespace ibuild::registry
