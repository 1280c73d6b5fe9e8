#include "registry/http/proxy.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::registry;

namespace {

bool is_direct(const std::string& no_proxy, const std::string& url) {
  const ProxySettings settings{"http://proxy:3128", "http://proxy:3128", no_proxy};
  return !proxy_for(settings, parse_url(url).value());
}

}  // namespace

TEST_CASE("proxy: chosen by scheme", "[registry]") {
  const ProxySettings settings{"http://plain:1", "tls:2", ""};
  CHECK(proxy_for(settings, *parse_url("http://a/"))->authority() == "plain:1");
  CHECK(proxy_for(settings, *parse_url("https://a/"))->authority() == "tls:2");
  CHECK_FALSE(proxy_for({}, *parse_url("https://a/")));
}

TEST_CASE("proxy: NO_PROXY entries", "[registry]") {
  CHECK(is_direct("*", "https://a.example/"));
  CHECK(is_direct("other, example.com", "https://example.com/"));
  CHECK(is_direct("EXAMPLE.com", "https://sub.example.com/"));
  CHECK_FALSE(is_direct("example.com", "https://badexample.com/"));
  CHECK_FALSE(is_direct(".example.com", "https://example.com/"));
  CHECK(is_direct("*.example.com", "https://a.example.com/"));
  CHECK(is_direct("example.com:5000", "https://example.com:5000/"));
  CHECK_FALSE(is_direct("example.com:5000", "https://example.com/"));
  CHECK(is_direct("10.1.2.3", "https://10.1.2.3/"));
  CHECK(is_direct("10.0.0.0/8", "https://10.1.2.3/"));
  CHECK_FALSE(is_direct("10.0.0.0/16", "https://10.1.2.3/"));
  CHECK(is_direct("fd00::/8", "https://[fd12::1]/"));
  CHECK_FALSE(is_direct("nonsense/8", "https://10.1.2.3/"));
}

TEST_CASE("proxy: loopback is always direct", "[registry]") {
  CHECK(is_direct("", "http://127.0.0.1:5000/"));
  CHECK(is_direct("", "http://localhost/"));
  CHECK(is_direct("", "http://[::1]/"));
}

TEST_CASE("proxy: what is no http proxy is refused by name", "[registry]") {
  const ProxySettings settings{"", "socks5://secret@proxy:1", ""};
  CHECK_THROWS_AS(proxy_for(settings, *parse_url("https://a/")), ibuild::base::UsageError);
}
