#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ibuild::registry {

struct RegistryOptions;

struct Credential {
  std::string username;
  std::string password;
  std::string identity_token;   // OAuth2 refresh token
  std::string registry_token;   // bearer token to be sent as it is
  std::string origin;           // the file or helper it came from, for messages
};

/// Docker's config.json (auths, credsStore, credHelpers), DOCKER_AUTH_CONFIG and the containers auth.json files.
/// See: docker/cli configfile; containers-auth.json(5).
class CredentialStore {
 public:
  explicit CredentialStore(const RegistryOptions& options);
  /// The credential for a registry host (and repository path, longest prefix first); none when nothing is stored.
  std::optional<Credential> find(const std::string& host, const std::string& repository) const;
  /// Stores through the configured helper, else in config.json (mode 0600). Gives where it went.
  std::string store(const std::string& host, const Credential& credential) const;
  /// False when nothing was stored for the host.
  bool erase(const std::string& host) const;

 private:
  std::string docker_config_path_;
  std::string inline_json_;
  std::vector<std::string> auth_files_;
};

}  // namespace ibuild::registry
