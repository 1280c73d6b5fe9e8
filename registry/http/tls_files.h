#pragma once

#include <compare>
#include <string>
#include <vector>

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

/// Folders with folders <host[:port]> (or <host_port_>).
struct CertsDirs {
  std::vector<std::string> all;
  /// Those of them where a hosts.toml counts: a folder that has one is passed over here, as of its
  /// files only those count that it names, for whom it names them.
  std::vector<std::string> with_hosts_files = {};
  std::string for_every_host = {};  // a folder of such files itself, before all others
};

/// What the first of the folders that has one for the host holds there: *.crt are CAs, *.cert with
/// *.key client certificates; folders that may not be read count as missing. See:
/// containers-certs.d(5), containerd docs/hosts.md.
/// Throws: base::UsageError for a certificate without its key.
TlsFiles find_tls_files(const CertsDirs& dirs, const std::string& host_port);

/// The names that folders of certs.d have for a host: "h_5000_" and "h:5000", or "h".
std::vector<std::string> folder_names(const std::string& host_port);
}  // namespace ibuild::registry
