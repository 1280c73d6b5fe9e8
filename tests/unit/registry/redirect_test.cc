#include "registry/http/redirect.h"

#include <catch2/catch.hpp>

#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;

namespace {

struct Followed {
  std::shared_ptr<FakeTransport::Log> log = std::make_shared<FakeTransport::Log>();
  int status = 0;
  std::string error;
};

/// Sends `method` https://r.io/start with a credential to a server that redirects with `status` to
/// `location` once.
Followed follow(const std::string& method, int status, const std::string& location,
                const std::string& start = "https://r.io/start") {
  Followed result;
  FakeTransport transport(
      [&](const SeenRequest& request) {
        return request.url == start ? FakeAnswer{status, {{"Location", location}}}
                                    : FakeAnswer{200};
      },
      result.log);
  HttpRequest request{.method = method, .url = *parse_url(start), .trust = TlsTrust::none};
  request.headers.add("Authorization", "secret");
  try {
    result.status = send_following_redirects(transport, request, {}).response.status;
  } catch (const TransportError& error) {
    result.error = error.what();
  }
  return result;
}

}  // namespace

TEST_CASE("redirect: GET and HEAD follow all kinds, others those that keep the method",
          "[registry]") {
  for (const int status : {301, 302, 303, 307, 308}) {
    CHECK(follow("GET", status, "/next").status == 200);
    CHECK(follow("HEAD", status, "/next").status == 200);
    CHECK(follow("PUT", status, "/next").status == (status >= 307 ? 200 : status));
  }
  CHECK(follow("GET", 304, "/next").status == 304);
  CHECK(follow("GET", 302, "").status == 302);
}

TEST_CASE("redirect: credentials stay with their origin", "[registry]") {
  CHECK(follow("GET", 307, "/next").log->requests[1].authorization() == "secret");
  CHECK(follow("GET", 307, "https://cdn.io/").log->requests[1].authorization().empty());
  CHECK(follow("GET", 307, "https://r.io:444/").log->requests[1].authorization().empty());
  CHECK(follow("GET", 307, "https://r.io/", "http://r.io/start").log->requests[1].authorization() ==
        "secret");
}

TEST_CASE("redirect: leave to be insecure does not go to other hosts", "[registry]") {
  CHECK(follow("GET", 307, "https://r.io:444/").log->requests[1].trust == TlsTrust::none);
  CHECK(follow("GET", 307, "https://cdn.io/").log->requests[1].trust == TlsTrust::verified);
}

TEST_CASE("redirect: bad targets are refused", "[registry]") {
  for (const char* target : {"http://r.io/next", "https://127.0.0.1/", "https://169.254.169.254/",
                             "file:///etc/passwd", "https://u:p@r.io/"}) {
    const Followed followed = follow("GET", 307, target);
    INFO(target);
    CHECK_FALSE(followed.error.empty());
    CHECK(followed.error.find("u:p") == std::string::npos);
    CHECK(followed.log->requests.size() == 1);
  }
}

TEST_CASE("redirect: loops end", "[registry]") {
  auto log = std::make_shared<FakeTransport::Log>();
  FakeTransport transport(
      [](const SeenRequest&) {
        return FakeAnswer{302, {{"Location", "/again"}}};
      },
      log);
  HttpRequest request{.method = "GET", .url = *parse_url("https://r.io/")};
  CHECK_THROWS_AS(send_following_redirects(transport, request, {}), TransportError);
  CHECK(log->requests.size() == 11);
}
