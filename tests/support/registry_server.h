#pragma once

#include <memory>
#include <string>
#include <vector>

namespace ibuild::test {

/// How a RegistryServer is started. Default: plain HTTP, nobody needs to log in.
struct RegistryServerOptions {
  enum class Scheme { http, https };
  enum class Access { anyone, basic_auth, token };
  Scheme scheme = Scheme::http;
  Access access = Access::anyone;
  /// Besides, nobody without a certificate of the server's CA is listened to (https only).
  bool wants_client_certificate = false;
  /// For `token`: PEM file of the certificate of whoever signs tokens. Their server is called
  /// "/auth/token" of the host that the registry is asked by, and told to be https.
  std::string token_certificate_file = {};
  static constexpr const char* kTokenIssuer = "ibuild tests";
  /// Names and addresses of the server certificate.
  std::vector<std::string> certificate_names = {"127.0.0.1", "localhost"};
  /// When not empty: a pull-through mirror of this URL ("http://127.0.0.1:5000").
  std::string mirror_of;
};

/// A real docker-registry on a free port of 127.0.0.1, with its files in a temporary directory.
/// Stopped and removed by the destructor.
class RegistryServer {
 public:
  /// Empty when Debian's docker-registry (and htpasswd, openssl) can be started; else what is
  /// missing. For can_run("registry", …).
  static std::string why_unavailable();

  /// Blocks: until it answers. Throws: base::Error with its log when it does not start.
  explicit RegistryServer(RegistryServerOptions options = {});
  ~RegistryServer();
  RegistryServer(const RegistryServer&) = delete;
  RegistryServer& operator=(const RegistryServer&) = delete;

  /// "127.0.0.1:34567", the domain of references
  const std::string& host() const;
  int port() const;
  /// "http://127.0.0.1:34567"
  std::string url() const;
  /// The only account of `basic_auth`.
  static std::string username() { return "alice"; }
  static std::string password() { return "open:sesame"; }
  /// PEM file of the CA that signed the certificate; the file exists for `https` only.
  std::string ca_file() const;
  /// PEM files of the certificate itself, for `https` only.
  std::string server_certificate_file() const;
  std::string server_key_file() const;
  /// PEM files of a client certificate from the same CA, which wants_client_certificate
  /// asks for (with https only).
  std::string client_certificate_file() const;
  std::string client_key_file() const;
  /// Where blobs lie: <storage_dir>/docker/registry/v2/…
  std::string storage_dir() const;
  /// What the server has logged so far, for messages.
  std::string log() const;
  /// Ends the server at once (SIGKILL), as a crash would. The port is dead after that.
  void kill();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibuild::test
