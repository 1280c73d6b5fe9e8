#include "registry/http/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "base/error.h"
#include "registry/http/tls_channel.h"

namespace ibuild::registry {

namespace {

std::string reason_of(unsigned long code) {
  const char* reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : "cannot be used";
}

std::string reason_of_last_error() {
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  return reason_of(code);
}

/// The failed system call is the first in OpenSSL's list; the last says no more than that one did.
[[noreturn]] void refuse_file(const std::string& path) {
  const unsigned long first = ::ERR_peek_error();
  const std::string reason = reason_of_last_error();
  if (ERR_SYSTEM_ERROR(first))
    throw base::UsageError(base::SystemError(ERR_GET_REASON(first), "open", path).what());
  throw base::UsageError(path + ": " + reason);
}

}  // namespace

TlsContext::TlsContext(const TlsFiles& files, TlsTrust trust) : trust_(trust) {
  ::ERR_clear_error();
  context_ = ::SSL_CTX_new(::TLS_client_method());
  bio_method_ = make_channel_bio_method();
  try {
    if (context_ == nullptr || bio_method_ == nullptr) {
      throw base::Error("set up TLS: " + reason_of_last_error());
    }
    ::SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
    ::SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                     SSL_MODE_RELEASE_BUFFERS);
    // Many servers end a connection without close_notify. Whether an answer is whole is told by its
    // framing and its digest.
    ::SSL_CTX_set_options(context_, SSL_OP_IGNORE_UNEXPECTED_EOF);
    ::SSL_CTX_set_verify(context_, trust == TlsTrust::verified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                         nullptr);
    if (trust == TlsTrust::verified) load_authorities(files);
    std::for_each(files.client_pairs.rbegin(), files.client_pairs.rend(),
                  [this](const TlsFiles::ClientPair& pair) { load_client_pair(pair); });
  } catch (...) {
    ::SSL_CTX_free(context_);
    ::BIO_meth_free(bio_method_);
    throw;
  }
}

TlsContext::~TlsContext() {
  ::SSL_CTX_free(context_);
  ::BIO_meth_free(bio_method_);
}

void TlsContext::load_authorities(const TlsFiles& files) {
  ::SSL_CTX_set_default_verify_paths(context_);  // a machine without CA files trusts nobody
  ::ERR_clear_error();
  for (const std::string& path : files.ca_files) {
    if (::SSL_CTX_load_verify_locations(context_, path.c_str(), nullptr) != 1) refuse_file(path);
  }
}

void TlsContext::load_client_pair(const TlsFiles::ClientPair& pair) {
  if (::SSL_CTX_use_certificate_chain_file(context_, pair.certificate.c_str()) != 1) {
    refuse_file(pair.certificate);
  }
  if (::SSL_CTX_use_PrivateKey_file(context_, pair.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse_file(pair.key);
  }
}

}  // namespace ibuild::registry
