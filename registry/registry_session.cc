#include "registry/registry_session.h"

#include "base/error.h"
#include "registry/http/redirect.h"

namespace ibuild::registry {

namespace {

/// A second 401 with a new demand gets a third try, not more.
constexpr int kMaxAuthorizations = 3;

}  // namespace

bool ApiResponse::confirms(const base::Digest& digest) const {
  if (status() == 201) return true;
  return status() / 100 == 2 && response.headers.get("Docker-Content-Digest") == digest.str();
}

std::vector<RegistrySession::Access> RegistrySession::ways_to(const Endpoint& endpoint,
                                                              const Services& services) {
  const auto way = [&](const std::string& scheme, TlsTrust trust) {
    const auto url = parse_url(scheme + "://" + endpoint.host + "/");
    if (!url) throw base::UsageError("\"" + endpoint.host + "\" is no host of a registry");
    return Access{*url, trust};
  };
  const bool insecure = endpoint.security == Endpoint::Security::not_required;
  const Access tls = way("https", insecure ? TlsTrust::none : TlsTrust::verified);
  const Access plain = way("http", TlsTrust::verified);
  switch (endpoint.rules.scheme) {
    case PlaceRules::Scheme::https:
      return {tls};
    case PlaceRules::Scheme::http: {
      // As containerd has it: who sets something about TLS wants it tried, except on port 80.
      const bool has_tls_rules = insecure || !endpoint.rules.connection.tls_files.empty();
      return has_tls_rules && plain.base.port != 80 ? std::vector{tls, plain} : std::vector{plain};
    }
    case PlaceRules::Scheme::by_host:
      break;
  }
  if (!is_loopback_host(tls.base.host)) {
    return insecure ? std::vector{tls, plain} : std::vector{tls};
  }
  // A registry on this machine speaks plain HTTP as a rule. TLS is tried first where something
  // hints at it.
  const bool has_certificates =
      !endpoint.rules.connection.tls_files.empty() || services.has_own_certificates(endpoint.host);
  if (plain.base.port == 443 || has_certificates) return {tls, plain};
  return insecure ? std::vector{plain, tls} : std::vector{plain};
}

RegistrySession::RegistrySession(const Endpoint& endpoint, Services services)
    : endpoint_(endpoint),
      services_(std::move(services)),
      authenticator_(endpoint.domain, services_.auth),
      ways_(ways_to(endpoint, services_)),
      settled_way_(ways_.size() == 1 ? 0 : ways_.size()) {}

bool RegistrySession::is_other_way_better(const TransportError& failure) const {
  switch (failure.failure()) {
    case TransportFailure::speaks_plain_http:
    case TransportFailure::speaks_tls:
      return true;
    case TransportFailure::connect:  // nobody listens on 443, perhaps on 80
    case TransportFailure::tls_handshake:
    case TransportFailure::closed:  // by a server that does not understand the first bytes
      return endpoint_.security == Endpoint::Security::not_required;
    default:
      return false;
  }
}

Url RegistrySession::target_of(const Access& access, const ApiRequest& request) const {
  if (request.url) return *request.url;
  const PlaceRules& rules = endpoint_.rules;
  const std::string rest = request.path.substr(std::string_view("/v2").size());
  Url url = resolve_url(access.base, rules.api_root + rest).value();
  const std::string query = "&" + url.query.value_or("");
  const bool has_name = query.find("&ns=") != std::string::npos;  // in a link to a further page
  return rules.name_space.empty() || has_name ? url : url.with_query("ns", rules.name_space);
}

void RegistrySession::add_own_fields(HttpRequest& http) const {
  for (const auto& [name, value] : services_.own_fields) http.headers.set(name, value);
  for (const auto& [name, value] : endpoint_.rules.fields) http.headers.erase(name);
  for (const auto& [name, value] : endpoint_.rules.fields) http.headers.add(name, value);
  for (const auto& [name, value] : services_.own_fields) http.private_fields.push_back(name);
  for (const auto& [name, value] : endpoint_.rules.fields) http.private_fields.push_back(name);
}

ApiResponse RegistrySession::send(ApiRequest request, std::stop_token stop) {
  const std::size_t settled = settled_way_.load();
  const std::size_t begin = settled < ways_.size() ? settled : 0;
  const std::size_t end = settled < ways_.size() ? settled + 1 : ways_.size();
  std::optional<ApiResponse> doubtful;  // an answer that may mean that TLS is wanted
  for (std::size_t i = begin;; ++i) {
    const bool last = i + 1 == end;
    const RequestRecord record{
        .method = request.method, .url = target_of(ways_[i], request), .domain = endpoint_.domain};
    try {
      ApiResponse answer = send_by(ways_[i], request, stop);
      if (!last && asks_for_tls(answer.response)) continue;
      if (!last && answer.status() == 400 && request.method == "HEAD") {  // no body that could tell
        doubtful = std::move(answer);
        continue;
      }
      settled_way_ = i;
      return answer;
    } catch (const TransportError& failure) {
      if (last && doubtful) return *std::move(doubtful);
      if (last || !is_other_way_better(failure)) throw error_from_failure(record, failure);
    }
  }
}

ApiResponse RegistrySession::send_by(const Access& access, ApiRequest& request,
                                     std::stop_token stop) {
  // Where the registry sends an upload to another host, its credentials do not go along.
  const bool elsewhere = request.url && request.url->origin() != access.base.origin();
  for (int count = 1;; ++count) {
    const Authorization authorization =
        elsewhere ? Authorization{} : authenticator_.authorize(request.need, stop);
    ApiResponse answer = send_authorized(access, request, authorization, stop);
    const bool registry_refuses = answer.status() == 401 && !answer.from_elsewhere;
    if (!registry_refuses || count == kMaxAuthorizations) return answer;
    if (!authenticator_.take_challenge({answer.url, access.trust, endpoint_.rules.connection},
                                       answer.response.headers, request.need, authorization,
                                       stop)) {
      return answer;
    }
  }
}

ApiResponse RegistrySession::send_authorized(const Access& access, const ApiRequest& request,
                                             const Authorization& authorization,
                                             std::stop_token stop) {
  HttpRequest http{.method = request.method,
                   .url = target_of(access, request),
                   .headers = request.headers,
                   .open_body = request.open_body,
                   .body_size_bytes = request.body_size_bytes,
                   .on_sent = request.on_sent,
                   .answer_delay = request.answer_delay,
                   .on_head = request.on_head,
                   .body_cap_bytes = request.body_cap_bytes};
  // What the user allows for the registry holds for uploads to its own host only.
  if (http.url.host == access.base.host) {
    http.trust = access.trust;
    http.connection = endpoint_.rules.connection;
  }
  http.headers.set("User-Agent", services_.auth.user_agent);
  if (http.url.origin() == access.base.origin()) add_own_fields(http);
  const bool has_own_credential = http.headers.find("Authorization").has_value();
  if (!authorization.value.empty()) http.headers.set("Authorization", authorization.value);
  RequestRecord record{.method = http.method,
                       .url = http.url,
                       .domain = endpoint_.domain,
                       .credential = authorization.value.empty() ? "" : authorization.credential};
  if (record.credential.empty() && has_own_credential)
    record.credential = "Authorization field from " + endpoint_.rules.origin;
  RedirectedResponse answer =
      send_following_redirects(services_.transport, std::move(http), std::move(stop));
  show_warnings(answer.response.headers);
  record.url = answer.url;
  const bool elsewhere = answer.url.origin() != access.base.origin();
  return {std::move(answer.response), std::move(answer.url), std::move(record), elsewhere,
          endpoint_.rules.api_root};
}

void RegistrySession::show_warnings(const HttpHeaders& headers) {
  for (const std::string& value : headers.all("Warning")) {
    const std::string text = warning_text(value);
    if (!text.empty()) services_.warnings.show(endpoint_.domain + ": " + text);
  }
}

}  // namespace ibuild::registry
