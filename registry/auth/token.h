#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "registry/credentials.h"
#include "registry/http/http_transport.h"
#include "registry/registry_error.h"

namespace ibuild::registry {

/// What a token is asked for. See: distribution's token authentication spec, OAuth 2.0 variant.
struct TokenQuery {
  Url realm;
  std::string service;
  std::vector<std::string> scopes;  // "repository:library/python:pull"
  Credential credential;            // empty: anonymous
  TlsTrust trust = TlsTrust::verified;
  ConnectionRules connection = {};
  std::string user_agent;
  RequestRecord record;  // domain and credential are used for errors
};

struct Token {
  std::string value;
  std::chrono::seconds lifetime{60};
};

/// A token, or what the server answered in place of one.
struct TokenAnswer {
  std::optional<Token> token;
  std::optional<RegistryError> refusal;
};

/// Asks the realm: GET with Basic or anonymously; for identity tokens the OAuth2 POST. Where the
/// server does not know the way, the other one is tried. Throws: RegistryError for no answer, or
/// one that is no token; base::CancelledError.
TokenAnswer fetch_token(HttpTransport& transport, const TokenQuery& query, std::stop_token stop);

/// Why the realm that `registry` names must not be sent credentials; empty when it may.
std::string why_realm_is_refused(const Url& registry, const Url& realm);

}  // namespace ibuild::registry
