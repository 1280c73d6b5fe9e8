#pragma once

#include <memory>
#include <string>
#include <vector>

#include "registry/http/byte_channel.h"
#include "registry/http/http_transport.h"
#include "registry/http/tls_files.h"

struct ssl_ctx_st;
struct bio_method_st;

namespace ibuild::registry {

/// Trust and client certificates for connections. Loads the system's CAs (SSL_CERT_FILE and
/// SSL_CERT_DIR are obeyed). Thread: any, once made.
class TlsContext {
 public:
  /// Throws: base::UsageError naming the file that is no good.
  TlsContext(const TlsFiles& files, TlsTrust trust);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  ssl_ctx_st* native() const { return context_; }
  bio_method_st* bio_method() const { return bio_method_; }
  TlsTrust trust() const { return trust_; }

 private:
  void load_authorities(const TlsFiles& files);
  void load_client_pair(const TlsFiles::ClientPair& pair);

  TlsTrust trust_;
  ssl_ctx_st* context_ = nullptr;
  bio_method_st* bio_method_ = nullptr;
};

}  // namespace ibuild::registry
