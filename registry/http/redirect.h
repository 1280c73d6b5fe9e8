#pragma once

#include <stop_token>

#include "registry/http/http_transport.h"

namespace ibuild::registry {

/// An answer and the URL that gave it, after redirects.
struct RedirectedResponse {
  HttpResponse response;
  Url url;
};

/// Sends the request and follows redirects: any for GET and HEAD, 307 and 308 for other methods.
/// Credentials go to the first origin only, and TLS is never given up for plain HTTP. Other
/// redirect answers are given to the caller. Throws: TransportError (protocol) for loops and for
/// redirects to places where no registry has business to send us.
RedirectedResponse send_following_redirects(HttpTransport& transport, HttpRequest request,
                                            std::stop_token stop);

/// Why `from` must not send us to `to`; empty when it may.
std::string why_redirect_is_refused(const Url& from, const Url& to);

}  // namespace ibuild::registry
