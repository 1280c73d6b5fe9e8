#include "registry/auth/token.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "registry/base64.h"
#include "registry/http/redirect.h"

namespace ibuild::registry {

namespace {

using Json = nlohmann::json;

constexpr const char* kClientId = "ibuild";
constexpr std::uint64_t kMaxAnswerBytes = 1 << 20;
/// The token spec's default and least.
constexpr std::int64_t kMinLifetimeSeconds = 60;
constexpr std::int64_t kMaxLifetimeSeconds = 24 * 3600;

/// application/x-www-form-urlencoded
class Form {
 public:
  void add(const std::string& key, const std::string& value) {
    text_ += (text_.empty() ? "" : "&") + percent_encode(key) + "=" + percent_encode(value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

HttpRequest make_get(const TokenQuery& query) {
  HttpRequest request{.method = "GET", .url = query.realm};
  if (!query.service.empty()) request.url = request.url.with_query("service", query.service);
  for (const std::string& scope : query.scopes)
    request.url = request.url.with_query("scope", scope);
  const Credential& credential = query.credential;
  if (!credential.username.empty() || !credential.password.empty()) {
    request.url = request.url.with_query("account", credential.username);
    request.headers.add("Authorization",
                        "Basic " + encode_base64(credential.username + ":" + credential.password));
  }
  return request;
}

/// The text must outlive the request.
HttpRequest make_post(const TokenQuery& query, std::string& form_text) {
  Form form;
  const Credential& credential = query.credential;
  if (!credential.identity_token.empty()) {
    form.add("grant_type", "refresh_token");
    form.add("refresh_token", credential.identity_token);
  } else {
    form.add("grant_type", "password");
    form.add("username", credential.username);
    form.add("password", credential.password);
  }
  form.add("service", query.service);
  form.add("scope", base::join(query.scopes, " "));
  form.add("client_id", kClientId);
  form.add("access_type", "offline");
  form_text = form.text();
  HttpRequest request{.method = "POST", .url = query.realm};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.open_body = [&form_text] { return std::make_unique<base::StringSource>(form_text); };
  request.body_size_bytes = form_text.size();
  return request;
}

std::optional<Token> parse_token(const std::string& body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  Token token;
  for (const char* key : {"token", "access_token"}) {
    const auto found = json.find(key);
    if (token.value.empty() && found != json.end() && found->is_string()) {
      token.value = found->get<std::string>();
    }
  }
  const bool sendable = std::all_of(token.value.begin(), token.value.end(),
                                    [](char c) { return c > ' ' && c < 0x7f; });
  if (token.value.empty() || !sendable) return std::nullopt;
  const auto lifetime = json.find("expires_in");
  if (lifetime != json.end() && lifetime->is_number_integer()) {
    token.lifetime = std::chrono::seconds(
        std::clamp(lifetime->get<std::int64_t>(), kMinLifetimeSeconds, kMaxLifetimeSeconds));
  }
  return token;
}

struct SentQuery {
  RequestRecord record;
  HttpResponse response;
};

SentQuery send(HttpTransport& transport, const TokenQuery& query, HttpRequest request,
               std::stop_token stop) {
  request.headers.add("Accept", "application/json");
  request.headers.add("User-Agent", query.user_agent);
  request.body_cap_bytes = kMaxAnswerBytes;
  request.trust = query.trust;
  request.connection = query.connection;
  SentQuery sent{query.record, {}};
  sent.record.method = request.method;
  sent.record.url = request.url;
  try {
    sent.response =
        send_following_redirects(transport, std::move(request), std::move(stop)).response;
  } catch (const TransportError& error) {
    throw error_from_failure(sent.record, error);
  }
  return sent;
}

TokenAnswer read_answer(const SentQuery& sent) {
  if (sent.response.status != 200) return {{}, error_from_response(sent.record, sent.response)};
  std::optional<Token> token = parse_token(sent.response.body);
  if (!token) throw error_with_words(sent.record, 200, "the answer holds no token");
  return {std::move(token), {}};
}

/// Servers that know only one of the two ways answer the other like this.
bool does_not_know_this_way(const HttpResponse& response) {
  return response.status == 401 || response.status == 404 || response.status == 405;
}

}  // namespace

TokenAnswer fetch_token(HttpTransport& transport, const TokenQuery& query, std::stop_token stop) {
  const bool has_password = !query.credential.password.empty();
  const bool has_identity = !query.credential.identity_token.empty();
  std::string form;
  if (has_identity) {
    SentQuery sent = send(transport, query, make_post(query, form), stop);
    if (!has_password || !does_not_know_this_way(sent.response)) return read_answer(sent);
  }
  SentQuery sent = send(transport, query, make_get(query), stop);
  const bool other_way = sent.response.status == 404 || sent.response.status == 405;
  if (has_password && !has_identity && other_way) {
    return read_answer(send(transport, query, make_post(query, form), stop));
  }
  return read_answer(sent);
}

std::string why_realm_is_refused(const Url& registry, const Url& realm) {
  if (!realm.userinfo.empty()) return "it holds a user name";
  if (is_local_only_host(realm.host) && !is_local_only_host(registry.host)) {
    return "it leads from another machine to this one";
  }
  const bool both_local = is_loopback_host(registry.host) && is_loopback_host(realm.host);
  const bool plain_anyway = !registry.is_https() && registry.host == realm.host;
  if (!realm.is_https() && !both_local && !plain_anyway) return "it is not https";
  return {};
}

}  // namespace ibuild::registry
