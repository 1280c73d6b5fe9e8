// A registry behind nginx, as many stand there; what a proxy can do wrong, tests/faults has.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/e2e/support/reverse_proxy.h"
#include "tests/e2e/support/token_server.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Access = test::RegistryServerOptions::Access;
using Scheme = test::RegistryServerOptions::Scheme;
using Blobs = ReverseProxyOptions::Blobs;

namespace {

bool has_proxy() {
  const auto why_not = ReverseProxy::why_unavailable();
  return has_registry() && test::can_run("registry", why_not.empty(), why_not);
}

/// Bytes that no compression makes smaller, always the same.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

/// Puts localhost/app:1 with a layer of so many bytes into the store.
void build_image(Machine& machine, std::size_t size) {
  machine.write("context/f", noise(size));
  REQUIRE(machine.build("localhost/app:1", "FROM scratch\nCOPY f /f\n").code == 0);
}

auto lines_with(const std::vector<std::string>& lines, const std::string& part) {
  return std::ranges::count_if(
      lines, [&](const auto& line) { return line.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("reverse proxy: buffers what is pushed and pulled, in files where it is large", "[e2e]") {
  if (!has_proxy()) return;
  const RegistryServer server;
  ReverseProxy proxy(server);
  Machine machine;
  build_image(machine, 20 << 20);
  const auto name = proxy.host() + "/app:1";
  machine.must({"push", "localhost/app:1", name});
  CHECK(remote_digest(machine, name) == remote_digest(machine, server.host() + "/app:1"));

  Machine visitor(machine.who());
  visitor.must({"pull", name});
  CHECK(visitor.must({"inspect", "--raw", name}) ==
        machine.must({"inspect", "--raw", "localhost/app:1"}));
  visitor.must({"build", "-q", "-o", "out", "-"}, {.stdin_text = "FROM " + name});
  CHECK(visitor.read("out/f") == machine.read("context/f"));
  CHECK(lines_with(proxy.end(), "from a file") > 0);
}

TEST_CASE("reverse proxy: a limit of 1 MiB, nginx's own, is met with chunks", "[e2e]") {
  if (!has_proxy()) return;
  const RegistryServer server;
  ReverseProxy proxy(server, {.body_limit = "1m"});
  Machine machine;
  build_image(machine, (3 << 20) + 1000);
  machine.must({"push", "localhost/app:1", proxy.host() + "/app:1"});
  Machine visitor(machine.who());
  visitor.must({"pull", server.host() + "/app:1"});
  CHECK(visitor.must({"inspect", "--raw", server.host() + "/app:1"}) ==
        machine.must({"inspect", "--raw", "localhost/app:1"}));
  const auto log = proxy.end();
  CHECK(lines_with(log, " 413 ") > 0);
  CHECK(std::ranges::count_if(log, [](const auto& line) {
          return line.starts_with("here PATCH ") && line.find(" 202 ") != std::string::npos;
        }) >= 3);
}

TEST_CASE("reverse proxy: a limit that no chunk meets ends in one clear error", "[e2e]") {
  if (!has_proxy()) return;
  const RegistryServer server;
  ReverseProxy proxy(server, {.body_limit = "64k"});
  Machine machine;
  build_image(machine, 2 << 20);
  const auto result = machine.ibuild({"push", "localhost/app:1", proxy.host() + "/app:1"});
  CHECK(result.code == 3);
  CHECK(count("\n" + result.err, "\nERROR: ") == 1);
  CHECK_THAT(result.err,
             Catch::Contains("413") && Catch::Contains(proxy.host() + "/v2/app/blobs") &&
                 Catch::Contains("limits the size of uploads") && !Catch::Contains("<html>"));
  CHECK(machine.ibuild({"pull", server.host() + "/app:1"}).code != 0);
}

TEST_CASE("reverse proxy: a credential does not follow blobs to another host", "[e2e]") {
  if (!has_proxy()) return;
  const RegistryServer server({.access = Access::basic_auth});
  ReverseProxy proxy(server, {.blobs = Blobs::elsewhere});
  Machine machine;
  build_image(machine, 3 << 20);
  const auto name = proxy.host() + "/app:1";
  Machine visitor(machine.who());
  for (const Machine* one : {&machine, &visitor}) {
    one->must({"login", "-u", RegistryServer::username(), "--password-stdin", proxy.host()},
              {.stdin_text = RegistryServer::password()});
  }
  machine.must({"push", "localhost/app:1", name});
  visitor.must({"pull", name});
  CHECK(visitor.must({"inspect", "--raw", name}) ==
        machine.must({"inspect", "--raw", "localhost/app:1"}));
  const auto log = proxy.end();
  CHECK(lines_with(log, "credential") > 0);
  CHECK(std::ranges::count_if(log, [](const auto& line) {
          return line.starts_with("elsewhere GET ") && line.ends_with("anonymous");
        }) >= 2);
  CHECK(std::ranges::count_if(log, [](const auto& line) {
          return line.starts_with("elsewhere ") && line.ends_with("credential");
        }) == 0);
}

TEST_CASE("reverse proxy: TLS, tokens, a limit and blobs elsewhere, all at once", "[e2e]") {
  if (!has_proxy()) return;
  const TokenServer tokens;
  const RegistryServer server({.scheme = Scheme::https,
                               .access = Access::token,
                               .token_certificate_file = tokens.certificate_file()});
  ReverseProxy proxy(
      server, {.body_limit = "1m", .blobs = Blobs::elsewhere, .token_server = tokens.host()});
  Machine machine;
  build_image(machine, (3 << 20) + 1000);
  Machine visitor(machine.who());
  for (Machine* one : {&machine, &visitor})
    one->write("home/ca.pem", base::read_host_file(server.ca_file(), 1 << 20));
  const auto name = proxy.host() + "/team/app:1";
  const auto with_ca = [](Machine& one, std::vector<std::string> words, RunOptions options = {}) {
    words.insert(words.end(), {"--ca-file", one.path("home/ca.pem")});
    return one.ibuild(words, options);
  };

  const auto refused = with_ca(machine, {"push", "localhost/app:1", name});
  CHECK(refused.code == 3);
  CHECK_THAT(refused.err, Catch::Contains("401") && Catch::Contains("ibuild login"));
  const std::vector<std::string> login = {"login", "-u", RegistryServer::username(),
                                          "--password-stdin", proxy.host()};
  CHECK(with_ca(machine, login, {.stdin_text = "wrong"}).code == 3);
  CHECK(with_ca(machine, login, {.stdin_text = RegistryServer::password()}).code == 0);
  const auto pushed = with_ca(machine, {"push", "localhost/app:1", name});
  INFO(pushed.err);
  REQUIRE(pushed.code == 0);
  const auto pulled = with_ca(visitor, {"pull", name});
  INFO(pulled.err);
  REQUIRE(pulled.code == 0);
  CHECK(visitor.must({"inspect", "--raw", name}) ==
        machine.must({"inspect", "--raw", "localhost/app:1"}));
  CHECK(with_ca(machine, {"rm", "--force", name}).code == 0);
  CHECK(with_ca(visitor, {"pull", name}).code != 0);

  const auto given = tokens.log();
  const std::string repository = "repository:team/app:";
  CHECK(std::ranges::count(given, repository + "pull anybody") >= 1);
  // One for the push, however many requests it took; one to give up what was too large; one for rm.
  CHECK(std::ranges::count(given, repository + "pull,push alice") == 3);
  CHECK(std::ranges::count(given, repository + "pull,delete alice") == 1);
  const auto log = proxy.end();
  CHECK(lines_with(log, " 413 ") > 0);
  CHECK(lines_with(log, "here PATCH ") >= 3);
  CHECK(lines_with(log, "elsewhere GET ") >= 2);
  CHECK(std::ranges::count_if(log, [](const auto& line) {
          return line.starts_with("elsewhere ") && line.ends_with("credential");
        }) == 0);
}
