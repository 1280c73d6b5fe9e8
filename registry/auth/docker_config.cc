#include "registry/auth/docker_config.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "registry/base64.h"
#include "registry/http/http_message.h"

namespace ibuild::registry {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHubKey = "https://index.docker.io/v1/";
constexpr std::array<std::string_view, 2> kHubHosts = {"index.docker.io", "registry-1.docker.io"};
constexpr std::array<const char*, 5> kSecretFields = {"auth", "username", "password",
                                                      "identitytoken", "registrytoken"};

/// Fields of HTTP/1.1 that "HttpHeaders" cannot change, as in Docker.
constexpr std::array<std::string_view, 9> kReservedFields = {
    "accept", "authorization", "connection", "content-length",   "content-type",
    "host",   "range",         "user-agent", "transfer-encoding"};

/// The text of a field; empty when it is missing.
std::string text_field(const Json& object, const char* name, const std::string& where) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_string()) throw base::UsageError(where + ": \"" + name + "\" is no text");
  return found->get<std::string>();
}

/// The object `name`; nullptr when it is missing.
const Json* object_field(const Json& json, const char* name, const std::string& where) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return nullptr;
  if (!found->is_object()) throw base::UsageError(where + ": \"" + name + "\" is no object");
  return &*found;
}

/// "auth": base64 of "user:password"
void take_auth_field(const std::string& text, const std::string& where, Credential& credential) {
  if (text.empty()) return;
  std::optional<std::string> plain = decode_base64(text);
  const std::size_t colon = plain ? plain->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    throw base::UsageError(where + ": \"auth\" is no base64 of user:password");
  }
  credential.username = plain->substr(0, colon);
  credential.password = plain->substr(colon + 1);
  while (credential.password.ends_with('\0')) credential.password.pop_back();
}

std::optional<Credential> read_entry(const Json& entry, const std::string& where) {
  if (!entry.is_object()) throw base::UsageError(where + ": is no object");
  Credential credential;
  credential.username = text_field(entry, "username", where);
  credential.password = text_field(entry, "password", where);
  take_auth_field(text_field(entry, "auth", where), where, credential);
  credential.identity_token = text_field(entry, "identitytoken", where);
  credential.registry_token = text_field(entry, "registrytoken", where);
  const bool empty = credential.username.empty() && credential.password.empty() &&
                     credential.identity_token.empty() && credential.registry_token.empty();
  if (empty) return std::nullopt;
  return credential;
}

/// Whether `key` is host or one of the namespaces that host/repository lies in.
bool covers(std::string_view key, std::string_view full_name) {
  return full_name.starts_with(key) &&
         (full_name.size() == key.size() || full_name[key.size()] == '/');
}

bool is_program_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

std::string server_key(std::string_view host) {
  return host == "docker.io" ? std::string(kHubKey) : std::string(host);
}

std::string normalize_server_key(std::string_view key) {
  const std::size_t mark = key.find("://");
  if (mark != std::string_view::npos) {
    key.remove_prefix(mark + 3);
    key = key.substr(0, key.find('/'));
  }
  while (key.ends_with('/')) key.remove_suffix(1);
  const std::size_t slash = std::min(key.find('/'), key.size());
  std::string host = base::to_lower(key.substr(0, slash));
  if (std::find(kHubHosts.begin(), kHubHosts.end(), host) != kHubHosts.end()) {
    const std::string_view rest = key.substr(slash);
    return "docker.io" + std::string(rest == "/v1" || rest == "/v2" ? "" : rest);
  }
  return host + std::string(key.substr(slash));
}

struct DockerConfig::State {
  Json json = Json::object();
  std::string origin;
};

DockerConfig::DockerConfig(std::string_view json, std::string origin)
    : state_(std::make_unique<State>()) {
  state_->origin = std::move(origin);
  if (base::trim(json).empty()) return;
  state_->json = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!state_->json.is_object()) {
    throw base::UsageError(state_->origin + ": is no JSON object");
  }
}

DockerConfig DockerConfig::from_dockercfg(std::string_view json, std::string origin) {
  DockerConfig config(json, std::move(origin));
  Json whole = Json::object();
  whole["auths"] = std::move(config.state_->json);
  config.state_->json = std::move(whole);
  return config;
}

DockerConfig::DockerConfig(DockerConfig&&) noexcept = default;
DockerConfig& DockerConfig::operator=(DockerConfig&&) noexcept = default;
DockerConfig::~DockerConfig() = default;

std::optional<Credential> DockerConfig::find(std::string_view host,
                                             std::string_view repository) const {
  const Json* auths = object_field(state_->json, "auths", state_->origin);
  if (auths == nullptr) return std::nullopt;
  const std::string full_name =
      normalize_server_key(host) + (repository.empty() ? "" : "/") + std::string(repository);
  std::optional<Credential> best;
  std::size_t best_size = 0;
  for (const auto& [key, entry] : auths->items()) {
    const std::string normal = normalize_server_key(key);
    if (!covers(normal, full_name) || normal.size() <= best_size) continue;
    const std::string where = state_->origin + ": auths of " + base::printable(key);
    if (std::optional<Credential> credential = read_entry(entry, where)) {
      best = std::move(credential);
      best->origin = state_->origin;
      best_size = normal.size();
    }
  }
  return best;
}

std::optional<std::string> DockerConfig::helper_for(std::string_view host) const {
  std::string name = text_field(state_->json, "credsStore", state_->origin);
  if (const Json* helpers = object_field(state_->json, "credHelpers", state_->origin)) {
    for (const auto& [key, value] : helpers->items()) {
      if (normalize_server_key(key) != normalize_server_key(host)) continue;
      name = text_field(*helpers, key.c_str(), state_->origin + ": credHelpers");
    }
  }
  if (name.empty()) return std::nullopt;
  if (!is_program_name(name)) {
    throw base::UsageError(state_->origin + ": \"" + base::printable(name) +
                           "\" is no name of a credential helper");
  }
  return name;
}

void DockerConfig::set(std::string_view host, const Credential& credential) {
  Json& auths = state_->json["auths"];
  if (!auths.is_object()) auths = Json::object();
  Json& entry = auths[server_key(host)];
  if (!entry.is_object()) entry = Json::object();
  for (const char* field : kSecretFields) entry.erase(field);
  if (!credential.username.empty() || !credential.password.empty()) {
    entry["auth"] = encode_base64(credential.username + ":" + credential.password);
  }
  if (!credential.identity_token.empty()) entry["identitytoken"] = credential.identity_token;
  if (!credential.registry_token.empty()) entry["registrytoken"] = credential.registry_token;
}

bool DockerConfig::remove(std::string_view host) {
  if (object_field(state_->json, "auths", state_->origin) == nullptr) return false;
  Json& auths = state_->json["auths"];
  bool removed = false;
  for (auto entry = auths.begin(); entry != auths.end();) {
    if (normalize_server_key(entry.key()) == normalize_server_key(host)) {
      entry = auths.erase(entry);
      removed = true;
    } else {
      ++entry;
    }
  }
  return removed;
}

std::map<std::string, std::string> DockerConfig::default_proxies() const {
  static constexpr std::array<std::array<const char*, 2>, 5> kFields = {{
      {"HTTP_PROXY", "httpProxy"},
      {"HTTPS_PROXY", "httpsProxy"},
      {"NO_PROXY", "noProxy"},
      {"FTP_PROXY", "ftpProxy"},
      {"ALL_PROXY", "allProxy"},
  }};
  std::map<std::string, std::string> variables;
  const Json* proxies = object_field(state_->json, "proxies", state_->origin);
  if (proxies == nullptr) return variables;
  const std::string where = state_->origin + ": proxies";
  const Json* defaults = object_field(*proxies, "default", where);
  if (defaults == nullptr) return variables;
  for (const auto& [variable, field] : kFields) {
    if (auto value = text_field(*defaults, field, where); !value.empty())
      variables.emplace(variable, std::move(value));
  }
  return variables;
}

std::map<std::string, std::string> DockerConfig::http_headers() const {
  std::map<std::string, std::string> fields;
  const Json* headers = object_field(state_->json, "HttpHeaders", state_->origin);
  if (headers == nullptr) return fields;
  const std::string where = state_->origin + ": HttpHeaders";
  for (const auto& [name, unused] : headers->items()) {
    const std::string value = text_field(*headers, name.c_str(), where);
    if (!is_field_name(name) || !is_field_value(value)) {
      throw base::UsageError(where + ": \"" + base::printable(name) +
                             "\" cannot be sent as a header field");
    }
    const bool reserved =
        std::ranges::find(kReservedFields, base::to_lower(name)) != kReservedFields.end();
    if (!reserved) fields.emplace(name, value);
  }
  return fields;
}

std::string DockerConfig::to_json() const {
  return state_->json.dump(/*indent=*/2, ' ', /*ensure_ascii=*/false,
                           Json::error_handler_t::replace) +
         "\n";
}

}  // namespace ibuild::registry
