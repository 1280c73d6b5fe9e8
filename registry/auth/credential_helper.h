#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "registry/credentials.h"

namespace ibuild::registry {

/// A program docker-credential-<name>. Secrets go through its stdin and stdout, never through its
/// arguments. See: docker-credential-helpers' protocol.
class CredentialHelper {
 public:
  explicit CredentialHelper(const std::string& name) : program_("docker-credential-" + name) {}

  const std::string& program() const { return program_; }
  /// None when it knows none for the server. Throws: base::Error when the helper is missing or
  /// fails.
  std::optional<Credential> get(const std::string& server, std::stop_token stop = {}) const;
  void store(const std::string& server, const Credential& credential) const;
  /// False when it knew none.
  bool erase(const std::string& server) const;

 private:
  std::string program_;
};

}  // namespace ibuild::registry
