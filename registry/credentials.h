#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace ibuild::registry {

struct RegistryOptions;

struct Credential {
  std::string username;
  std::string password;
  std::string identity_token;  // OAuth2 refresh token
  std::string registry_token;  // bearer token to be sent as it is
  std::string origin;          // the file or helper it came from, for messages
};

/// What is stored for a registry, and what went wrong while looking (a credential helper that is
/// missing or fails).
struct CredentialLookup {
  std::optional<Credential> credential;
  std::vector<std::string> problems;
};

/// Docker's config.json (auths, credsStore, credHelpers), DOCKER_AUTH_CONFIG and the containers
/// auth.json files. Asked in this order: DOCKER_AUTH_CONFIG, $REGISTRY_AUTH_FILE, config.json, the
/// other auth files. In one file a helper goes before "auths". Files are read when asked, not when
/// this is made. Thread: any. See: docker/cli configfile; containers-auth.json(5).
class CredentialStore {
 public:
  explicit CredentialStore(const RegistryOptions& options);
  /// The credential for a registry host (and repository path, longest prefix first); none when
  /// nothing is stored. Throws: base::UsageError naming a file that cannot be understood;
  /// base::Error when a helper fails and nothing else is found.
  std::optional<Credential> find(const std::string& host, const std::string& repository) const;
  /// The same for who can go on without a credential: problems are told, not thrown.
  CredentialLookup look_up(const std::string& host, const std::string& repository,
                           std::stop_token stop = {}) const;
  /// What config.json wants sent to registries beside credentials. Throws: base::UsageError.
  std::map<std::string, std::string> http_headers() const;
  /// Stores through the configured helper, else in $REGISTRY_AUTH_FILE or config.json (mode 0600).
  /// Gives where it went.
  std::string store(const std::string& host, const Credential& credential) const;
  /// False when nothing was stored for the host where store() would put it.
  bool erase(const std::string& host) const;

 private:
  /// The file that store() and erase() change.
  const std::string& own_file() const;

  std::string docker_config_path_;
  std::string inline_json_;
  std::string explicit_auth_file_;
  std::vector<std::string> auth_files_;
};

}  // namespace ibuild::registry
