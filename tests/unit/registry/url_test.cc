#include "registry/http/url.h"

#include <catch2/catch.hpp>

using namespace ibuild::registry;

TEST_CASE("url: parts of an absolute URL", "[registry]") {
  const auto url = parse_url("HTTPS://Reg.Example.com:5000/v2/a/blobs?x=1#frag");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "reg.example.com");
  CHECK(url->port == 5000);
  CHECK(url->path == "/v2/a/blobs");
  CHECK(url->query == "x=1");
  CHECK(url->str() == "https://reg.example.com:5000/v2/a/blobs?x=1");
}

TEST_CASE("url: default ports are left out of the authority", "[registry]") {
  CHECK(parse_url("https://a:443/")->authority() == "a");
  CHECK(parse_url("http://a")->authority() == "a");
  CHECK(parse_url("http://a:443/")->authority() == "a:443");
}

TEST_CASE("url: IPv6 literals keep their brackets", "[registry]") {
  const auto url = parse_url("http://[::1]:5000/v2/");
  REQUIRE(url);
  CHECK(url->host == "::1");
  CHECK(url->authority() == "[::1]:5000");
}

TEST_CASE("url: what is no http URL is refused", "[registry]") {
  for (const char* text : {"", "a", "ftp://a/", "http://", "http:///x", "http://a:0/",
                           "http://a:65536/", "http://a:x/", "http://[::1/", "http://[zz]/",
                           "http://a b/", "http://a/\n", "https://a\tb/"}) {
    INFO(text);
    CHECK_FALSE(parse_url(text));
  }
}

TEST_CASE("url: percent-encoding survives", "[registry]") {
  const auto url = parse_url("https://cdn/x%2Fy?sig=a%2Bb%3D");
  REQUIRE(url);
  CHECK(url->request_target() == "/x%2Fy?sig=a%2Bb%3D");
}

TEST_CASE("url: a Location is resolved against the request", "[registry]") {
  const Url base = *parse_url("https://r:5000/v2/a/b/uploads/?q=1");
  CHECK(resolve_url(base, "/v2/x?_state=a%3D")->str() == "https://r:5000/v2/x?_state=a%3D");
  CHECK(resolve_url(base, "uuid?s=1")->str() == "https://r:5000/v2/a/b/uploads/uuid?s=1");
  CHECK(resolve_url(base, "../x")->str() == "https://r:5000/v2/a/b/x");
  CHECK(resolve_url(base, "?only=query")->str() == "https://r:5000/v2/a/b/uploads/?only=query");
  CHECK(resolve_url(base, "//cdn/y")->str() == "https://cdn/y");
  CHECK(resolve_url(base, "http://other/z")->str() == "http://other/z");
  CHECK(resolve_url(base, "/a/../../../b/./")->str() == "https://r:5000/b/");
  CHECK_FALSE(resolve_url(base, "file:///etc/passwd"));
  CHECK_FALSE(resolve_url(base, "/x y"));
}

TEST_CASE("url: messages show no userinfo and no secret parameters", "[registry]") {
  CHECK(parse_url("https://u:p@h/x?scope=a&X-Amz-Signature=abc&token=t&flag")->redacted() ==
        "https://h/x?scope=a&X-Amz-Signature=...&token=...&flag");
}

TEST_CASE("url: with_query appends and encodes", "[registry]") {
  const Url url = *parse_url("http://h/u?_state=x");
  CHECK(url.with_query("digest", "sha256:ab").request_target() == "/u?_state=x&digest=sha256%3Aab");
  CHECK(parse_url("http://h/u")->with_query("a", "b c").request_target() == "/u?a=b%20c");
}

TEST_CASE("url: percent decoding is strict", "[registry]") {
  CHECK(percent_decode("a%2Fb%3d") == "a/b=");
  CHECK_FALSE(percent_decode("a%2"));
  CHECK_FALSE(percent_decode("%zz"));
}

TEST_CASE("url: loopback and local-only hosts", "[registry]") {
  for (const char* host : {"localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
    INFO(host);
    CHECK(is_loopback_host(host));
  }
  for (const char* host : {"localhost.example.com", "128.0.0.1", "127.example.com", "::2"}) {
    INFO(host);
    CHECK_FALSE(is_loopback_host(host));
  }
  for (const char* host : {"169.254.169.254", "0.0.0.0", "::", "fe80::1", "::ffff:127.0.0.1",
                           "2130706433", "0x7f.1"}) {
    INFO(host);
    CHECK(is_local_only_host(host));
  }
  for (const char* host : {"10.0.0.1", "192.168.1.1", "example.com", "fd00::1", "::ffff:8.8.8.8"}) {
    INFO(host);
    CHECK_FALSE(is_local_only_host(host));
  }
}
