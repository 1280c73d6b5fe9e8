#include "registry/http/socket_transport.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "registry/http/connection_pool.h"
#include "registry/http/connector.h"
#include "registry/http/response_reader.h"

namespace ibuild::registry {

namespace {

constexpr std::size_t kSendBufferBytes = 128 << 10;

bool sends_length(const HttpRequest& request) {
  return request.open_body || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

/// Request line and header fields.
std::string request_head(const HttpRequest& request, const std::optional<Url>& proxy) {
  const bool via_proxy = proxy && !request.url.is_https();
  HttpHeaders headers = request.headers;
  headers.set("Host", request.url.authority());
  if (sends_length(request)) headers.set("Content-Length", std::to_string(request.body_size_bytes));
  if (via_proxy) {
    if (const auto value = proxy_authorization(*proxy)) headers.set("Proxy-Authorization", *value);
  }
  std::string head = request.method + " " +
                     (via_proxy ? request.url.str() : request.url.request_target()) +
                     " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers.fields()) {
    if (!is_field_value(value)) {
      throw base::UsageError("the value of header field " + name + " holds control bytes");
    }
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head + "\r\n";
}

/// Sends the body. False when the server answers or hangs up before it has all of it.
bool send_body(Connection& connection, const HttpRequest& request, const WaitLimit& limit) {
  const std::unique_ptr<base::ByteSource> body = request.open_body();
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kSendBufferBytes);
  std::uint64_t sent = 0;
  while (const std::size_t count = body->read({buffer.get(), kSendBufferBytes})) {
    if (count > request.body_size_bytes - sent) {
      throw base::ContentError("what is to be uploaded is longer than the promised " +
                               std::to_string(request.body_size_bytes) + " bytes");
    }
    if (!connection.write({buffer.get(), count}, limit)) return false;
    sent += count;
    if (request.on_sent) request.on_sent(sent);
  }
  if (sent != request.body_size_bytes) {
    throw base::ContentError("size of what is to be uploaded",
                             std::to_string(request.body_size_bytes) + " bytes",
                             std::to_string(sent));
  }
  return true;
}

class SocketTransport : public HttpTransport {
 public:
  explicit SocketTransport(SocketTransportOptions options)
      : options_(std::move(options)),
        connector_(options_),
        pool_(std::max(1, options_.max_connections_per_host)) {}

  HttpResponse send(const HttpRequest& request, std::stop_token stop) override {
    const StopWaker waker(stop);
    const std::optional<Url> proxy = proxy_for(options_.proxies, request.url);
    const auto lease = pool_.acquire(pool_key(request), stop);
    if (lease->connection) {
      // The server may have closed the idle connection while the request was on its way. It has
      // seen nothing of it then, and a new connection is tried. So it is when what comes is no
      // answer: it may be the rest of a former one that came late.
      if (auto response = exchange(*lease, request, proxy, waker, Reused::yes)) return *response;
    }
    lease->connection = connector_.connect(request, proxy, waker);
    return exchange(*lease, request, proxy, waker, Reused::no).value();
  }

 private:
  enum class Reused { no, yes };

  static std::string pool_key(const HttpRequest& request) {
    std::string key =
        request.url.origin() + (request.trust == TlsTrust::verified ? "" : " unverified");
    const TlsFiles& files = request.connection.tls_files;
    for (const std::string& file : files.ca_files) key += " " + file;
    for (const auto& pair : files.client_pairs) key += " " + pair.certificate + "+" + pair.key;
    return key;
  }

  /// One request and its answer. None when a reused connection gave none.
  std::optional<HttpResponse> exchange(ConnectionPool::Lease& lease, const HttpRequest& request,
                                       const std::optional<Url>& proxy, const StopWaker& waker,
                                       Reused reused) {
    const WaitLimit stall{waker, options_.timeouts.stall, TransportFailure::stalled};
    const bool commits = request.answer_delay == AnswerDelay::commit;
    const WaitLimit first{waker, commits ? options_.timeouts.commit : options_.timeouts.first_byte,
                          TransportFailure::first_byte_timeout};
    Connection& connection = *lease.connection;
    AnswerSource source(connection, first, stall);
    ResponseReader reader(source);
    bool sent = false;
    HttpHead head;
    try {
      sent = connection.write(base::as_bytes(request_head(request, proxy)), stall);
      if (sent && request.open_body) sent = send_body(connection, request, stall);
      head = reader.read_head();
    } catch (const TransportError& error) {
      const bool closed = error.failure() == TransportFailure::closed && !reader.has_seen_bytes();
      const bool littered = error.failure() == TransportFailure::protocol && !reader.has_begun();
      if (reused == Reused::no || !(closed || littered)) throw;
      return std::nullopt;
    }
    HttpResponse response = read_body(reader, std::move(head), request);
    if (sent && reader.connection_reusable()) lease.keep();
    return response;
  }

  static HttpResponse read_body(ResponseReader& reader, HttpHead head, const HttpRequest& request) {
    if (base::ByteSink* sink = request.on_head ? request.on_head(head) : nullptr) {
      reader.read_body(head, request.method, *sink);
      return {head.status, std::move(head.headers), {}};
    }
    const bool good = head.status < 300;
    const std::uint64_t cap = good ? request.body_cap_bytes : HttpRequest::kErrorBodyCapBytes;
    base::StringSink text;
    const bool whole = reader.read_body(head, request.method, text, cap);
    if (!whole && good) {
      throw TransportError(TransportFailure::too_large,
                           "the answer is larger than " + std::to_string(cap) + " bytes");
    }
    return {head.status, std::move(head.headers), text.take()};
  }

  const SocketTransportOptions options_;
  Connector connector_;
  ConnectionPool pool_;
};

}  // namespace

std::unique_ptr<HttpTransport> make_socket_transport(SocketTransportOptions options) {
  return std::make_unique<SocketTransport>(std::move(options));
}

}  // namespace ibuild::registry
