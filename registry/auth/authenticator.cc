#include "registry/auth/authenticator.h"

#include "base/error.h"
#include "base/text.h"
#include "registry/auth/scope.h"
#include "registry/auth/token.h"
#include "registry/base64.h"

namespace ibuild::registry {

namespace {

bool has_password(const Credential& credential) {
  return !credential.username.empty() || !credential.password.empty();
}

std::string basic_value(const Credential& credential) {
  return "Basic " + encode_base64(credential.username + ":" + credential.password);
}

}  // namespace

std::string describe_credential(const Credential& credential) {
  const std::string source = credential.origin.empty() ? "" : " from " + credential.origin;
  if (!credential.username.empty()) {
    return "credential of \"" + base::printable(credential.username) + "\"" + source;
  }
  const bool any = !credential.registry_token.empty() || !credential.identity_token.empty() ||
                   !credential.password.empty();
  return any ? "token" + source : "";
}

Authenticator::Authenticator(std::string domain, Services services)
    : domain_(std::move(domain)), services_(std::move(services)), tokens_(services_.now) {}

Credential Authenticator::credential_for(const std::string& repository, std::stop_token stop) {
  {
    auto known = credentials_.lock();
    const auto found = known->find(repository);
    if (found != known->end()) return found->second.value_or(Credential{});
  }
  const std::optional<Credential> credential =
      services_.find_credential(repository, std::move(stop));
  credentials_.lock()->emplace(repository, credential);
  return credential.value_or(Credential{});
}

Authorization Authenticator::authorize(const AccessNeed& need, std::stop_token stop) {
  const std::optional<Scheme> scheme = *scheme_.lock();
  if (!scheme) return {};
  if (scheme->bearer) return bearer(*scheme, need, std::move(stop));
  const Credential credential = credential_for(need.repository, std::move(stop));
  if (!has_password(credential)) return {};
  return {.value = basic_value(credential), .credential = describe_credential(credential)};
}

Authorization Authenticator::bearer(const Scheme& scheme, const AccessNeed& need,
                                    std::stop_token stop) {
  const Credential credential = credential_for(need.repository, stop);
  Authorization result{.credential = describe_credential(credential)};
  if (!credential.registry_token.empty()) {
    result.value = "Bearer " + credential.registry_token;
    return result;
  }
  result.token_key =
      need.repository + " " + base::join(need.scopes, " ") + " + " + base::join(need.wishes, " ");
  const TokenCache::Found token = tokens_.get(
      result.token_key, [&] { return fetch(scheme, need, credential, stop); }, stop);
  result.value = "Bearer " + token.value;
  result.fetched_now = token.fetched_now;
  return result;
}

Token Authenticator::fetch(const Scheme& scheme, const AccessNeed& need,
                           const Credential& credential, std::stop_token stop) {
  TokenQuery query{.realm = scheme.realm,
                   .service = scheme.service,
                   .scopes = need.scopes,
                   .credential = credential,
                   .trust = scheme.trust,
                   .connection = scheme.connection,
                   .user_agent = services_.user_agent,
                   .record = {.domain = domain_, .credential = describe_credential(credential)}};
  if (!need.wishes.empty()) {
    query.scopes.insert(query.scopes.end(), need.wishes.begin(), need.wishes.end());
    TokenAnswer answer = fetch_token(services_.transport, query, stop);
    if (answer.token) return std::move(*answer.token);
    query.scopes = need.scopes;
  }
  TokenAnswer answer = fetch_token(services_.transport, query, stop);
  if (!answer.token) throw *answer.refusal;
  return std::move(*answer.token);
}

Authenticator::Scheme Authenticator::read_scheme(const Challenger& registry,
                                                 const AuthChallenge& challenge) const {
  if (challenge.scheme != "bearer") return {};
  const std::string realm = challenge.parameter("realm");
  const RequestRecord record{.method = "GET", .url = registry.url, .domain = domain_};
  const std::optional<Url> url = parse_url(realm);
  if (!url) {
    throw error_with_words(record, 401,
                           "the registry names no token server that is a URL: \"" +
                               base::printable(realm.substr(0, 200)) + "\"");
  }
  const std::string refused = why_realm_is_refused(registry.url, *url);
  if (!refused.empty()) {
    throw error_with_words(record, 401,
                           "the token server " + url->redacted() +
                               " that the registry names is not asked: " + refused);
  }
  // What the user allows for the registry holds for a token server on the same host, and no
  // further.
  const bool same_host = url->host == registry.url.host;
  return {.bearer = true,
          .realm = *url,
          .service = challenge.parameter("service"),
          .trust = same_host ? registry.trust : TlsTrust::verified,
          .connection = same_host ? registry.connection : ConnectionRules{}};
}

bool Authenticator::take_challenge(const Challenger& registry, const HttpHeaders& answer,
                                   AccessNeed& need, const Authorization& refused,
                                   std::stop_token stop) {
  const auto challenge = choose_challenge(answer.all("WWW-Authenticate"));
  if (!challenge) return false;
  const Scheme scheme = read_scheme(registry, *challenge);
  *scheme_.lock() = scheme;
  const Credential credential = credential_for(need.repository, std::move(stop));
  if (!scheme.bearer) return has_password(credential) && refused.value != basic_value(credential);
  if (!credential.registry_token.empty()) return refused.value.empty();

  const bool more = add_missing_scopes(need.scopes, split_scopes(challenge->parameter("scope")));
  if (refused.value.empty() || more) return true;
  tokens_.forget(refused.token_key, refused.value.substr(std::string_view("Bearer ").size()));
  return !refused.fetched_now;
}

}  // namespace ibuild::registry
