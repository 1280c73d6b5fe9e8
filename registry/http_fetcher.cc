// See: RFC 9110 sections 8.8 (validators), 13 (conditional requests) and 15.4 (redirects).
#include "registry/http_fetcher.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "registry/base64.h"
#include "registry/http/redirect.h"
#include "registry/make_transport.h"
#include "registry/registry_error.h"

namespace ibuild::registry {

namespace {

/// Thrown out of a transfer whose head shows that it would bring what is at hand already.
struct HeldVersion {};

/// Blanks and bytes above ASCII, as people write them into URLs, in the form that can be sent.
/// Control bytes are left for parse_url to refuse.
std::string escape_foreign_bytes(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool foreign = c == ' ' || static_cast<unsigned char>(c) >= 0x80;
    result += foreign ? percent_encode(std::string_view(&c, 1)) : std::string(1, c);
  }
  return result;
}

Url read_url(const std::string& text) {
  const auto url = parse_url(escape_foreign_bytes(text));
  if (!url) {
    throw base::UsageError("\"" + base::printable(text.substr(0, 200)) +
                           "\" is no http or https URL");
  }
  return *url;
}

/// "user:password" of a URL as a field's value.
std::string basic_authorization(const std::string& userinfo) {
  const std::string decoded = percent_decode(userinfo).value_or(userinfo);
  return "Basic " + encode_base64(decoded.find(':') == std::string::npos ? decoded + ":" : decoded);
}

/// W/"x" and "x" name versions that mean the same.
std::string_view opaque_tag(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

/// Passes a body on, hashed, counted and limited.
class BodySink : public base::ByteSink {
 public:
  BodySink(base::ByteSink& out, const HttpFileRequest& request, std::uint64_t total_bytes)
      : hashing_(&out), request_(request), total_bytes_(total_bytes) {}

  void write(base::Bytes bytes) override {
    if (bytes.size() > request_.cap_bytes - hashing_.size_bytes()) throw_too_large(request_);
    hashing_.write(bytes);
    if (request_.observer) request_.observer(hashing_.size_bytes(), total_bytes_);
  }
  base::Digest finish() { return hashing_.finish(); }
  std::uint64_t size_bytes() const { return hashing_.size_bytes(); }

  [[noreturn]] static void throw_too_large(const HttpFileRequest& request) {
    throw base::ContentError("GET " + read_url(request.url).redacted() + ": more than " +
                             base::human_bytes(request.cap_bytes));
  }

 private:
  base::HashingSink hashing_;
  const HttpFileRequest& request_;
  std::uint64_t total_bytes_;
};

bool has_file(int status) { return status >= 200 && status < 300 && status != 206; }

/// One attempt to get one file.
class Attempt {
 public:
  Attempt(const HttpFileRequest& request, const std::string& user_agent)
      : request_(request), url_(read_url(request.url)), user_agent_(user_agent) {}

  std::optional<HttpFile> run(HttpTransport& transport, std::stop_token stop) {
    try {
      RedirectedResponse answer =
          send_following_redirects(transport, make_request(), std::move(stop));
      return read_answer(answer);
    } catch (const HeldVersion&) {
      return std::nullopt;
    } catch (const TransportError& failure) {
      throw error_of(failure);
    }
  }

 private:
  HttpRequest make_request() {
    HttpRequest http{.method = "GET", .url = url_};
    http.url.userinfo.clear();
    http.headers = {
        {"Accept", "*/*"}, {"Accept-Encoding", "identity"}, {"User-Agent", user_agent_}};
    if (!request_.authorization.empty()) {
      http.headers.add("Authorization", request_.authorization);
    } else if (!url_.userinfo.empty()) {
      http.headers.add("Authorization", basic_authorization(url_.userinfo));
    }
    if (!request_.held_etag.empty()) http.headers.add("If-None-Match", request_.held_etag);
    http.on_head = [this](const HttpHead& head) { return begin_body(head); };
    return http;
  }

  base::ByteSink* begin_body(const HttpHead& head) {
    reason_ = head.reason;
    if (!has_file(head.status)) return nullptr;
    // Some servers name versions and send them all the same when asked for others.
    const std::string etag = head.headers.get("ETag");
    if (!etag.empty() && opaque_tag(etag) == opaque_tag(request_.held_etag)) throw HeldVersion{};
    const std::uint64_t total = base::parse_u64(head.headers.get("Content-Length")).value_or(0);
    if (total > request_.cap_bytes) BodySink::throw_too_large(request_);
    body_.emplace(request_.open_sink(), request_, total);
    return &*body_;
  }

  std::optional<HttpFile> read_answer(const RedirectedResponse& answer) {
    const HttpHeaders& headers = answer.response.headers;
    if (answer.response.status == 304 && !request_.held_etag.empty()) return std::nullopt;
    if (!has_file(answer.response.status) || !body_) throw error_of(answer);
    return HttpFile{.url = answer.url.redacted(),
                    .etag = headers.get("ETag"),
                    .last_modified = base::parse_http_date(headers.get("Last-Modified")),
                    .content_encoding = base::to_lower(headers.get("Content-Encoding")),
                    .digest = body_->finish(),
                    .size_bytes = body_->size_bytes()};
  }

  /// "GET http://host/file", and where a redirect led.
  std::string record(const Url& url) const {
    std::string text = "GET " + url_.redacted();
    if (url.origin() + url.request_target() != url_.origin() + url_.request_target()) {
      text += " (which leads to " + url.redacted() + ")";
    }
    return text;
  }

  RegistryError error_of(const RedirectedResponse& answer) const {
    const RegistryError general = error_from_response(
        {.method = "GET", .url = answer.url, .domain = {}, .credential = {}}, answer.response);
    const std::string reason = base::printable(reason_.substr(0, 100));
    RegistryError error(general.status(), {}, general.retryable(),
                        record(answer.url) + ": " + std::to_string(general.status()) +
                            (reason.empty() ? "" : " " + reason));
    if (general.retry_after()) error.set_retry_after(*general.retry_after());
    return error;
  }

  RegistryError error_of(const TransportError& failure) const {
    const RegistryError general =
        error_from_failure({.method = "GET", .url = url_, .domain = {}, .credential = {}}, failure);
    RegistryError error(0, {}, general.retryable(), record(url_) + ": " + failure.what());
    error.set_hint(hint_for(failure.failure()));
    return error;
  }

  static std::string hint_for(TransportFailure failure) {
    switch (failure) {
      case TransportFailure::name_unknown:
      case TransportFailure::name_lookup:
      case TransportFailure::connect:
      case TransportFailure::connect_timeout:
        return "check the URL, and whether this machine reaches the host (a proxy is taken from "
               "HTTP_PROXY and "
               "HTTPS_PROXY)";
      case TransportFailure::tls_certificate:
        return "name the server's CA certificate with --ca-file";
      default:
        return {};
    }
  }

  const HttpFileRequest& request_;
  const Url url_;
  const std::string& user_agent_;
  std::string reason_;
  std::optional<BodySink> body_;
};

}  // namespace

HttpFetcher::HttpFetcher(const RegistryOptions& options)
    : parts_{.transport = make_transport(options),
             .retrier = Retrier(retry_policy(options), make_waiter()),
             .user_agent = options.user_agent} {}

std::optional<HttpFile> HttpFetcher::fetch(const HttpFileRequest& request,
                                           std::stop_token stop) const {
  return parts_.retrier.run(
      stop, [&] { return Attempt(request, parts_.user_agent).run(*parts_.transport, stop); });
}

}  // namespace ibuild::registry
