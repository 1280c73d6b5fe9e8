#include "registry/http/tls_channel.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "registry/http/url.h"

namespace ibuild::registry {

namespace {

/// What lies under OpenSSL.
struct Carrier {
  std::unique_ptr<ByteChannel> channel;
  std::string first_bytes;   // what the server said first, to tell plain HTTP from TLS
  bool at_end = false;       // the other side has closed
  std::exception_ptr error;  // thrown below OpenSSL, waiting to be thrown above it
};

constexpr std::string_view kHttpMark = "HTTP/";

// The functions of the BIO are called by OpenSSL: nothing may be thrown through them.

/// One step of the carrier as a BIO's answer.
template <typename Step>
int bio_step(BIO* bio, std::size_t* moved, Step step) noexcept {
  auto* carrier = static_cast<Carrier*>(::BIO_get_data(bio));
  ::BIO_clear_retry_flags(bio);
  *moved = 0;
  try {
    const IoStep done = step(*carrier);
    *moved = done.count;
    if (done.outcome == IoStep::Outcome::want_read) ::BIO_set_retry_read(bio);
    if (done.outcome == IoStep::Outcome::want_write) ::BIO_set_retry_write(bio);
    if (done.outcome == IoStep::Outcome::closed) carrier->at_end = true;
    return done.outcome == IoStep::Outcome::moved ? 1 : 0;
  } catch (...) {
    carrier->error = std::current_exception();
    return 0;
  }
}

int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* moved) {
  return bio_step(bio, moved, [&](Carrier& carrier) {
    const IoStep step =
        carrier.channel->try_read(std::as_writable_bytes(std::span<char>(into, size)));
    const std::size_t wanted = kHttpMark.size() - carrier.first_bytes.size();
    carrier.first_bytes.append(into, std::min(step.count, wanted));
    return step;
  });
}

int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* moved) {
  return bio_step(bio, moved, [&](Carrier& carrier) {
    return carrier.channel->try_write(base::as_bytes({from, size}));
  });
}

long bio_ctrl(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<Carrier*>(::BIO_get_data(bio))->at_end ? 1 : 0;
  return 0;
}

std::string reason_text(unsigned long code) {
  const char* reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : "no reason given";
}

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos ||
         host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

bio_method_st* make_channel_bio_method() {
  BIO_METHOD* method = ::BIO_meth_new(BIO_TYPE_SOURCE_SINK, "ibuild channel");
  if (method == nullptr) return nullptr;
  ::BIO_meth_set_read_ex(method, bio_read);
  ::BIO_meth_set_write_ex(method, bio_write);
  ::BIO_meth_set_ctrl(method, bio_ctrl);
  return method;
}

struct TlsChannel::State {
  std::shared_ptr<const TlsContext> context;  // shared by all connections with the same files
  std::string host;
  Carrier carrier;
  SSL* ssl = nullptr;
  bool shaken_hands = false;
  bool healthy = true;
};

TlsChannel::TlsChannel(std::shared_ptr<const TlsContext> context,
                       std::unique_ptr<ByteChannel> carrier, const std::string& host)
    : state_(std::make_unique<State>()) {
  state_->context = std::move(context);
  state_->host = host;
  state_->carrier.channel = std::move(carrier);
  state_->ssl = ::SSL_new(state_->context->native());
  BIO* bio = ::BIO_new(state_->context->bio_method());
  if (state_->ssl == nullptr || bio == nullptr) {
    ::SSL_free(state_->ssl);
    ::BIO_free(bio);
    throw base::Error("set up TLS: out of memory");
  }
  ::BIO_set_data(bio, &state_->carrier);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(state_->ssl, bio, bio);  // one reference serves both directions
  if (is_address(host)) {
    ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(state_->ssl), host.c_str());
  } else {
    ::SSL_set1_host(state_->ssl, host.c_str());
    ::SSL_set_tlsext_host_name(state_->ssl, host.c_str());
  }
  ::SSL_set_connect_state(state_->ssl);
}

TlsChannel::~TlsChannel() {
  ::ERR_clear_error();
  // A last word without waiting for its answer; not after a failure, where OpenSSL forbids it.
  if (state_->healthy && state_->shaken_hands) ::SSL_shutdown(state_->ssl);
  ::ERR_clear_error();
  ::SSL_free(state_->ssl);
}

int TlsChannel::fd() const { return state_->carrier.channel->fd(); }

IoStep TlsChannel::try_handshake() {
  ::ERR_clear_error();
  const IoStep step = step_of(::SSL_do_handshake(state_->ssl), 0);
  if (step.outcome == IoStep::Outcome::closed) {
    state_->healthy = false;
    throw TransportError(TransportFailure::closed,
                         "TLS with " + state_->host + ": the connection was closed");
  }
  if (step.outcome == IoStep::Outcome::moved) state_->shaken_hands = true;
  return step;
}

IoStep TlsChannel::try_read(std::span<std::byte> buffer) {
  ::ERR_clear_error();
  std::size_t count = 0;
  const int result = ::SSL_read_ex(state_->ssl, buffer.data(), buffer.size(), &count);
  return step_of(result, count);
}

IoStep TlsChannel::try_write(base::Bytes bytes) {
  ::ERR_clear_error();
  std::size_t count = 0;
  const int result = ::SSL_write_ex(state_->ssl, bytes.data(), bytes.size(), &count);
  return step_of(result, count);
}

IoStep TlsChannel::step_of(int result, std::size_t count) {
  if (result == 1) return {IoStep::Outcome::moved, count};
  if (state_->carrier.error) {
    state_->healthy = false;
    std::rethrow_exception(std::exchange(state_->carrier.error, nullptr));
  }
  switch (::SSL_get_error(state_->ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return {IoStep::Outcome::want_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {IoStep::Outcome::want_write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStep::Outcome::closed, 0};
    case SSL_ERROR_SYSCALL:
      state_->healthy = false;
      return {IoStep::Outcome::closed, 0};
    default:
      state_->healthy = false;
      fail();
  }
}

void TlsChannel::fail() {
  const unsigned long code = ::ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  ::ERR_clear_error();
  const std::string where = "TLS with " + base::printable(state_->host) + ": ";
  if (state_->carrier.first_bytes == kHttpMark) {
    throw TransportError(TransportFailure::speaks_plain_http,
                         where + "the server speaks plain HTTP");
  }
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const char* why = ::X509_verify_cert_error_string(::SSL_get_verify_result(state_->ssl));
    throw TransportError(TransportFailure::tls_certificate,
                         where + "the certificate is not trusted: " + base::to_lower(why));
  }
  // An alert is the server's word against us. In TLS 1.3 it refuses a client certificate, or the
  // lack of one, only after the client's side of the handshake.
  const bool about_handshake = !state_->shaken_hands || reason >= SSL_AD_REASON_OFFSET;
  throw TransportError(about_handshake ? TransportFailure::tls_handshake : TransportFailure::closed,
                       where + reason_text(code));
}

}  // namespace ibuild::registry
