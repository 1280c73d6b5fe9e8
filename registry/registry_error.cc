#include "registry/registry_error.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"

namespace ibuild::registry {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxShownBytes = 300;
constexpr std::size_t kMaxShownErrors = 3;

/// The registry's own words.
struct ErrorWords {
  std::vector<std::string> codes;
  std::string text;  // "MANIFEST_UNKNOWN: manifest unknown"
};

std::string shown(std::string_view text) {
  text = base::trim(text);
  return base::printable(text.substr(0, kMaxShownBytes)) +
         (text.size() > kMaxShownBytes ? "…" : "");
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Which blob or name it is about, where that is what the user must know.
std::string detail_of(const Json& entry, const std::string& code) {
  const auto detail = entry.find("detail");
  const bool telling = code == "MANIFEST_BLOB_UNKNOWN" || code == "BLOB_UNKNOWN";
  if (!telling || detail == entry.end() || detail->is_null()) return {};
  return " " + shown(detail->dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// {"errors":[{"code":…,"message":…,"detail":…}]}. See: distribution-spec "Error Codes".
void read_errors(const Json& errors, ErrorWords& words) {
  for (const Json& entry : errors) {
    if (!entry.is_object()) continue;
    const std::string code = text_of(entry, "code");
    if (!code.empty()) words.codes.push_back(code);
    if (words.codes.size() > kMaxShownErrors) continue;
    const std::string message = text_of(entry, "message");
    if (!words.text.empty()) words.text += "; ";
    words.text += shown(code) + (code.empty() || message.empty() ? "" : ": ") + shown(message) +
                  detail_of(entry, code);
  }
}

ErrorWords words_of(const HttpResponse& response) {
  ErrorWords words;
  const Json json = Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) {
    const auto errors = json.find("errors");
    if (errors != json.end() && errors->is_array()) read_errors(*errors, words);
    // Token servers: RFC 6749 5.2, Docker Hub, Go's default.
    for (const char* key : {"error_description", "error", "details", "message"}) {
      if (words.text.empty()) words.text = shown(text_of(json, key));
    }
  } else if (response.headers.find("Content-Type")
                 .value_or("text/plain")
                 .starts_with("text/plain")) {
    words.text = shown(response.body);
  }
  return words;
}

/// "100;w=21600" → "100 per 21600 s"
std::string quota_part(const std::string& value) {
  const std::size_t mark = value.find(";w=");
  if (mark == std::string::npos) return shown(value);
  return shown(value.substr(0, mark)) + " per " + shown(value.substr(mark + 3)) + " s";
}

/// Docker Hub tells limit and rest of the pull quota.
std::string quota_of(const HttpHeaders& headers) {
  const auto limit = headers.find("ratelimit-limit");
  const auto left = headers.find("ratelimit-remaining");
  std::string text;
  if (limit) text += "; limit " + quota_part(*limit);
  if (left) text += ", left " + shown(left->substr(0, left->find(';')));
  return text;
}

bool quota_is_used_up(const HttpHeaders& headers) {
  const std::string left = headers.get("ratelimit-remaining");
  return left.substr(0, left.find(';')) == "0";
}

bool is_worth_a_retry(const HttpResponse& response) {
  switch (response.status) {
    case 408:
      return true;
    case 429:
      return !quota_is_used_up(response.headers);  // the quota comes back in hours
    case 501:
    case 505:
      return false;
    default:
      return response.status >= 500;
  }
}

bool is_worth_a_retry(TransportFailure failure) {
  switch (failure) {
    case TransportFailure::name_lookup:
    case TransportFailure::connect:
    case TransportFailure::connect_timeout:
    case TransportFailure::first_byte_timeout:
    case TransportFailure::stalled:
    case TransportFailure::closed:
      return true;
    default:
      return false;
  }
}

/// Seconds, or a date.
std::optional<std::chrono::seconds> retry_after_of(const HttpHeaders& headers) {
  const std::string value = headers.get("Retry-After");
  constexpr std::uint64_t kMaxSeconds = 1 << 30;
  if (const auto seconds = base::parse_u64(base::trim(value))) {
    return std::chrono::seconds(static_cast<std::int64_t>(std::min(*seconds, kMaxSeconds)));
  }
  const auto date = base::parse_http_date(value);
  if (!date) return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::seconds>(*date - base::Clock().now());
  return std::max(left, std::chrono::seconds(0));
}

std::string certificate_hint(const RequestRecord& record) {
  return "put the registry's CA certificate into /etc/containers/certs.d/" +
         record.url.authority() + "/ca.crt, or name it with --ca-file";
}

std::string hint_for_missing(const RequestRecord& record) {
  if (record.url.path == "/v2/") return "check the name of the registry: there is none here";
  if (record.method == "GET" || record.method == "HEAD") return "check the name and the tag";
  if (record.url.path.ends_with("/blobs/uploads/"))
    return "the repository may have to be made first";
  return {};
}

std::string hint_for(const RequestRecord& record, const HttpResponse& response) {
  const bool anonymous = record.credential.empty();
  switch (response.status) {
    case 400:
      return asks_for_tls(response) ? certificate_hint(record) : "";
    case 401:
    case 403:
      return anonymous ? "the image may not exist, or needs a login: ibuild login " + record.domain
                       : "the " + record.credential +
                             " has no right to this; another login: ibuild login " + record.domain;
    case 404:
      return hint_for_missing(record);
    case 413:
      return "the registry, or a proxy in front of it, limits the size of uploads";
    case 429:
      return anonymous ? "more requests are allowed after ibuild login " + record.domain : "";
    default:
      return {};
  }
}

std::string hint_for(const RequestRecord& record, TransportFailure failure) {
  switch (failure) {
    case TransportFailure::name_unknown:
    case TransportFailure::name_lookup:
      return "check the spelling of the host, and whether this machine reaches a name server";
    case TransportFailure::connect:
    case TransportFailure::connect_timeout:
      return "check that the registry runs and can be reached from here (a proxy is taken from "
             "HTTPS_PROXY)";
    case TransportFailure::tls_certificate:
    case TransportFailure::speaks_tls:
      return certificate_hint(record);
    case TransportFailure::tls_handshake:
      return "if the registry wants a client certificate: put it and its key into "
             "/etc/containers/certs.d/" +
             record.url.authority() + "/ as client.cert and client.key";
    case TransportFailure::speaks_plain_http:
      return "to use a registry without TLS, write insecure = true for " + record.domain +
             " in registries.conf";
    default:
      return {};
  }
}

std::string prefix_of(const RequestRecord& record) {
  return record.method + " " + record.url.redacted() + ": ";
}

std::string suffix_of(const RequestRecord& record) {
  return " (" + (record.credential.empty() ? std::string("no credential") : record.credential) +
         ")";
}

}  // namespace

RegistryError::RegistryError(int status, std::vector<std::string> codes, bool retryable,
                             std::string message)
    : Error(std::move(message)), status_(status), codes_(std::move(codes)), retryable_(retryable) {}

RegistryError error_from_response(const RequestRecord& record, const HttpResponse& response) {
  ErrorWords words = words_of(response);
  std::string message = prefix_of(record) + std::to_string(response.status);
  if (!words.text.empty()) message += " " + words.text;
  if (response.status == 429) message += quota_of(response.headers);
  RegistryError error(response.status, std::move(words.codes), is_worth_a_retry(response),
                      message + suffix_of(record));
  if (const auto time = retry_after_of(response.headers)) error.set_retry_after(*time);
  error.set_hint(hint_for(record, response));
  return error;
}

RegistryError error_from_failure(const RequestRecord& record, const TransportError& failure) {
  RegistryError error(0, {}, is_worth_a_retry(failure.failure()),
                      prefix_of(record) + failure.what());
  error.set_hint(hint_for(record, failure.failure()));
  return error;
}

RegistryError error_with_words(const RequestRecord& record, int status, const std::string& words) {
  return {status, {}, false, prefix_of(record) + words + suffix_of(record)};
}

bool asks_for_tls(const HttpResponse& response) {
  if (response.status != 400) return false;
  const std::string body = base::to_lower(response.body);
  return body.find("http request to an https server") != std::string::npos ||          // Go
         body.find("plain http request was sent to https port") != std::string::npos;  // nginx
}

}  // namespace ibuild::registry
