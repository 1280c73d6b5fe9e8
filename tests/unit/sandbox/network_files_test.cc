#include "sandbox/network_files.h"

#include <catch2/catch.hpp>

#include "base/error.h"

namespace ibuild::sandbox {
namespace {

const std::string kPublic =
    "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"
    "nameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n";

TEST_CASE("resolv.conf: with the host's network it is the host's file", "[sandbox]") {
  const std::string host = "# made by x\nnameserver 127.0.0.53\noptions edns0\nsearch a.b";
  CHECK(step_resolv_conf(host, NetworkMode::host) == host);
}

TEST_CASE("resolv.conf: without any server public ones are taken", "[sandbox]") {
  CHECK(step_resolv_conf("", NetworkMode::host) == kPublic);
  CHECK(step_resolv_conf("", NetworkMode::none) == kPublic);
  CHECK(step_resolv_conf("search x", NetworkMode::host) == "search x\n" + kPublic);
}

TEST_CASE("resolv.conf: loopback servers are left out with a network of one's own", "[sandbox]") {
  const std::string host =
      "search x\nnameserver 127.0.0.1\nnameserver ::1\nnameserver\t10.0.0.1 # two\n"
      "nameserver ::ffff:127.1.2.3\nnameserver fe80::1%eth0\n";
  CHECK(step_resolv_conf(host, NetworkMode::none) ==
        "search x\nnameserver\t10.0.0.1 # two\nnameserver fe80::1%eth0\n");
}

TEST_CASE("resolv.conf: public servers follow when only loopback ones were there", "[sandbox]") {
  CHECK(step_resolv_conf("nameserver 127.0.0.1\noptions ndots:2\n", NetworkMode::none) ==
        "options ndots:2\n" + kPublic);
}

TEST_CASE("resolv.conf: settings of the user take the place of the host's lines", "[sandbox]") {
  const std::string host = "# x\ndomain d\nsearch a b\nnameserver 10.0.0.1\noptions edns0\n";
  CHECK(with_dns_settings(host, {}) == host);
  CHECK(with_dns_settings(host, {.servers = {"1.1.1.1", "::2"}}) ==
        "# x\ndomain d\nsearch a b\noptions edns0\nnameserver 1.1.1.1\nnameserver ::2\n");
  CHECK(with_dns_settings(host, {.search = {"c", "d"}, .options = {"ndots:1", "rotate"}}) ==
        "# x\nnameserver 10.0.0.1\nsearch c d\noptions ndots:1 rotate\n");
  CHECK(with_dns_settings("search a\nnameserver 10.0.0.1", {.search = {"."}}) ==
        "nameserver 10.0.0.1\n");
}

TEST_CASE("resolv.conf: what is no address is no server", "[sandbox]") {
  CHECK(step_resolv_conf("nameserver example.org\n", NetworkMode::none) == kPublic);
  // Another keyword that begins alike.
  CHECK(step_resolv_conf("nameservers 127.0.0.1\nnameserver 1.1.1.1\n", NetworkMode::none) ==
        "nameservers 127.0.0.1\nnameserver 1.1.1.1\n");
}

TEST_CASE("resolv.conf: systemd-resolved's stub is known when it is alone", "[sandbox]") {
  CHECK(names_only_resolved_stub("nameserver 127.0.0.53\noptions edns0\n"));
  CHECK_FALSE(names_only_resolved_stub("nameserver 127.0.0.53\nnameserver 1.1.1.1\n"));
  CHECK_FALSE(names_only_resolved_stub("nameserver 127.0.0.1\n"));
  CHECK_FALSE(names_only_resolved_stub(""));
}

TEST_CASE("resolv.conf: one can always be made from this host", "[sandbox]") {
  CHECK(make_resolv_conf(NetworkMode::host).find("nameserver") != std::string::npos);
  const std::string own = make_resolv_conf(NetworkMode::none);
  CHECK(own.find("nameserver") != std::string::npos);
  CHECK(own.find("nameserver 127.") == std::string::npos);
}

TEST_CASE("hosts: loopback, the host name, then the extra hosts in order", "[sandbox]") {
  CHECK(make_hosts("box", {}) ==
        "127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback\n");
  CHECK(make_hosts("box", {{"b.example", "10.0.0.2"}, {"a.example", "2001:db8::1"}}) ==
        "127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        "10.0.0.2\tb.example\n2001:db8::1\ta.example\n");
}

TEST_CASE("hosts: what would break the file is refused", "[sandbox]") {
  CHECK_THROWS_AS(make_hosts("a b", {}), base::UsageError);
  CHECK_THROWS_AS(make_hosts("", {}), base::UsageError);
  CHECK_THROWS_AS(make_hosts("box", {{"a\n1.2.3.4 b", "10.0.0.2"}}), base::UsageError);
  CHECK_THROWS_AS(make_hosts("box", {{"a#b", "10.0.0.2"}}), base::UsageError);
  CHECK_THROWS_AS(make_hosts("box", {{"a", "10.0.0"}}), base::UsageError);
  CHECK_THROWS_AS(make_hosts("box", {{"a", "host-gateway"}}), base::UsageError);
}

}  // namespace
}  // namespace ibuild::sandbox
