#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/synchronized.h"
#include "registry/auth/auth_challenge.h"
#include "registry/auth/token_cache.h"
#include "registry/credentials.h"
#include "registry/http/http_transport.h"

namespace ibuild::registry {

/// What a request needs rights for.
struct AccessNeed {
  std::string repository;           // whose credential to use; empty: the host's
  std::vector<std::string> scopes;  // what the request cannot do without
  std::vector<std::string>
      wishes;  // more scopes, dropped when the token server refuses them (mount sources)
};

/// An Authorization field, and what it was made from.
struct Authorization {
  std::string value;       // empty: none is sent
  std::string credential;  // for errors: "credential of \"u\" from …"; empty: anonymous
  bool fetched_now = false;
  std::string token_key;
};

/// Finds out which authentication one registry wants and supplies it. Thread: any.
class Authenticator {
 public:
  struct Services {
    HttpTransport& transport;
    /// The credential for a repository of this registry; asked once for each repository.
    std::function<std::optional<Credential>(const std::string& repository, std::stop_token stop)>
        find_credential;
    std::string user_agent;
    TokenCache::Now now = std::chrono::steady_clock::now;
  };
  /// `domain` is how users name the registry.
  Authenticator(std::string domain, Services services);

  /// What to send with a request. Nothing before the first challenge.
  /// Throws: RegistryError when the token server refuses or fails.
  Authorization authorize(const AccessNeed& need, std::stop_token stop);
  /// The registry that sent a challenge, as it was reached.
  struct Challenger {
    Url url;
    TlsTrust trust = TlsTrust::verified;
    ConnectionRules connection = {};
  };
  /// Takes in a 401 answer of the registry to a request sent with `refused`. True when it is worth
  /// trying again: there is something new to send. Throws: RegistryError for a challenge that must
  /// not be followed.
  bool take_challenge(const Challenger& registry, const HttpHeaders& answer, AccessNeed& need,
                      const Authorization& refused, std::stop_token stop);

 private:
  struct Scheme {
    bool bearer = false;
    Url realm;
    std::string service;
    TlsTrust trust = TlsTrust::verified;
    ConnectionRules connection = {};
  };

  Credential credential_for(const std::string& repository, std::stop_token stop);
  Authorization bearer(const Scheme& scheme, const AccessNeed& need, std::stop_token stop);
  Token fetch(const Scheme& scheme, const AccessNeed& need, const Credential& credential,
              std::stop_token stop);
  Scheme read_scheme(const Challenger& registry, const AuthChallenge& challenge) const;

  std::string domain_;
  Services services_;
  TokenCache tokens_;
  base::Synchronized<std::optional<Scheme>> scheme_;
  base::Synchronized<std::map<std::string, std::optional<Credential>>> credentials_;
};

/// "credential of \"u\" from /home/u/.docker/config.json"; empty for no credential.
std::string describe_credential(const Credential& credential);

}  // namespace ibuild::registry
