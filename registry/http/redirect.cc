#include "registry/http/redirect.h"

#include "base/text.h"

namespace ibuild::registry {

namespace {

constexpr int kMaxRedirects = 10;

bool may_follow(const std::string& method, int status) {
  if (status == 307 || status == 308) return true;
  const bool safe = method == "GET" || method == "HEAD";
  return safe && (status == 301 || status == 302 || status == 303);
}

[[noreturn]] void fail(const std::string& what) {
  throw TransportError(TransportFailure::protocol, what);
}

/// Credentials may go along when the host stays the same and TLS does not get lost.
bool is_same_party(const Url& from, const Url& to) {
  if (from.origin() == to.origin()) return true;
  return from.host == to.host && !from.is_https() && to.is_https();
}

void move_to(HttpRequest& request, const Url& target) {
  if (!is_same_party(request.url, target)) {
    request.headers.erase("Authorization");
    for (const std::string& name : request.private_fields) request.headers.erase(name);
    // What the user allowed for the registry is not allowed for whomever it names.
    if (request.url.host != target.host) {
      request.trust = TlsTrust::verified;
      request.connection = {};
    }
  }
  request.url = target;
}

}  // namespace

std::string why_redirect_is_refused(const Url& from, const Url& to) {
  if (!to.userinfo.empty()) return "it holds a user name";
  if (from.is_https() && !to.is_https()) return "it gives up TLS";
  if (is_local_only_host(to.host) && !is_local_only_host(from.host)) {
    return "it leads from another machine to this one";
  }
  return {};
}

RedirectedResponse send_following_redirects(HttpTransport& transport, HttpRequest request,
                                            std::stop_token stop) {
  for (int count = 0; count <= kMaxRedirects; ++count) {
    HttpResponse response = transport.send(request, stop);
    const std::string location = response.headers.get("Location");
    if (!may_follow(request.method, response.status) || location.empty()) {
      return {std::move(response), std::move(request.url)};
    }
    const std::optional<Url> target = resolve_url(request.url, location);
    if (!target) fail("redirected to what is no URL: " + base::printable(location.substr(0, 200)));
    const std::string refused = why_redirect_is_refused(request.url, *target);
    if (!refused.empty()) fail("the redirect to " + target->redacted() + " is refused: " + refused);
    move_to(request, *target);
  }
  fail("more than " + std::to_string(kMaxRedirects) + " redirects");
}

}  // namespace ibuild::registry
