#pragma once

#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "registry/http/byte_channel.h"
#include "registry/http/http_transport.h"

struct ssl_ctx_st;
struct bio_method_st;

namespace ibuild::registry {

/// The PEM files that TLS with one host uses beside the system's CAs.
struct TlsFiles {
  struct ClientPair {
    std::string certificate;
    std::string key;
    auto operator<=>(const ClientPair&) const = default;
  };
  std::vector<std::string> ca_files;
  std::vector<ClientPair> client_pairs;  // of two with the same kind of key, the first is used
  bool empty() const { return ca_files.empty() && client_pairs.empty(); }
  auto operator<=>(const TlsFiles&) const = default;
};

/// What the first of `certs_dirs` that has a folder <host[:port]> holds there: *.crt are CAs,
/// *.cert with *.key client certificates; folders that may not be read count as missing. See:
/// containers-certs.d(5). Throws: base::UsageError for a certificate without its key.
TlsFiles find_tls_files(const std::vector<std::string>& certs_dirs, const std::string& host_port);

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
