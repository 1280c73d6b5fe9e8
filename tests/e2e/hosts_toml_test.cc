// hosts.toml, with real registries behind it.
#include <catch2/catch.hpp>

#include "base/fs_at.h"
#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/registry_server.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Scheme = test::RegistryServerOptions::Scheme;
using Access = test::RegistryServerOptions::Access;

namespace {

/// Where a user keeps what concerns a registry.
std::string folder_of(const std::string& domain) {
  return "home/.config/containerd/certs.d/" + domain + "/";
}

void write_hosts(Machine& machine, const std::string& domain, const std::string& text) {
  machine.write(folder_of(domain) + "hosts.toml", text);
}

}  // namespace

TEST_CASE("hosts.toml: Docker Hub's names through a pull-through mirror with a CA of its own",
          "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer hub;
  const RegistryServer mirror({.scheme = Scheme::https, .mirror_of = hub.url()});
  Machine machine;
  machine.make_base();
  machine.must({"push", "localhost/base:1", hub.host() + "/library/python:3.7"});
  write_hosts(machine, "docker.io",
              "[host.\"" + mirror.url() + "\"]\ncapabilities = [\"pull\", \"resolve\"]\n" +
                  "ca = \"mirror.pem\"\n");
  const std::string dockerfile = "FROM python:3.7\nRUN echo mirrored > /m\n";
  const auto without = machine.build("app:1", dockerfile);
  CHECK(without.code != 0);
  CHECK_THAT(without.err, Catch::Contains(machine.path(folder_of("docker.io")) + "mirror.pem"));

  machine.write(folder_of("docker.io") + "mirror.pem",
                base::read_host_file(mirror.ca_file(), 1 << 20));
  const auto built = machine.build("app:1", dockerfile);
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(machine.must({"run", "app:1", "cat", "/m"}) == "mirrored");
  CHECK_THAT(mirror.log(), Catch::Contains("ns=docker.io"));
}

TEST_CASE("hosts.toml: a registry that is another one, with a login, for pulls and pushes",
          "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server({.scheme = Scheme::https, .access = Access::basic_auth});
  RegistryServer dead;
  dead.kill();
  Machine machine;
  machine.make_base();
  const auto folder = folder_of("registry.example");
  machine.write(folder + "ca.pem", base::read_host_file(server.ca_file(), 1 << 20));
  write_hosts(machine, "registry.example",
              "server = \"" + server.url() + "\"\nca = \"ca.pem\"\n" + "[host.\"" + dead.url() +
                  "\"]\ncapabilities = [\"pull\", \"resolve\"]\ndial_timeout = \"1s\"\n");
  const std::string name = "registry.example/team/app:1";
  CHECK(machine.ibuild({"push", "localhost/base:1", name}).code == 3);

  // Credentials belong to the host that is asked.
  machine.must({"login", "--ca-file", machine.path(folder + "ca.pem"), "-u",
                RegistryServer::username(), "--password-stdin", server.host()},
               {.stdin_text = RegistryServer::password()});
  machine.must({"push", "localhost/base:1", name});
  machine.must({"rmi", "localhost/base:1"});
  const auto pulled = machine.ibuild({"pull", name});
  INFO(pulled.err);
  REQUIRE(pulled.code == 0);
  CHECK_THAT(pulled.err, Catch::Contains("mirror " + dead.host() + " is passed over"));
  CHECK(machine.must({"run", name, "echo", "there"}) == "there");
  CHECK_THAT(machine.must({"ls", "registry.example/team/app"}), Catch::Contains("1"));
}

TEST_CASE("hosts.toml: a project of a proxy by its path, for all registries", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer proxy;
  Machine machine;
  machine.make_base();
  machine.must({"push", "localhost/base:1", proxy.host() + "/hub/team/app:1"});
  write_hosts(machine, "_default",
              "[host.\"" + proxy.url() +
                  "/v2/hub\"]\noverride_path = true\ncapabilities = [\"pull\", \"resolve\"]\n");
  machine.must({"pull", "registry.example/team/app:1"});

  // An entry of registries.conf decides alone.
  machine.write("registries.conf", "[[registry]]\nprefix = \"registry.example\"\nlocation = \"" +
                                       proxy.host() + "/other\"\n");
  CHECK(machine.ibuild({"pull", "registry.example/team/app:1"}).code != 0);
  CHECK_THAT(proxy.log(), Catch::Contains("/v2/other/team/app/manifests/1"));
}

TEST_CASE("hosts.toml: who may only be pulled from says nothing about tags", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer origin;
  const RegistryServer mirror;
  Machine publisher;
  push_image(publisher, origin.host() + "/app:1", "right");
  push_image(publisher, mirror.host() + "/app:1", "wrong");
  Machine machine;  // has none of their blobs
  write_hosts(machine, "registry.example",
              "server = \"" + origin.url() + "\"\n[host.\"" + mirror.url() +
                  "\"]\ncapabilities = [\"pull\"]\n");
  machine.must({"pull", "registry.example/app:1"});
  CHECK(remote_digest(machine, origin.host() + "/app:1") ==
        remote_digest(machine, "registry.example/app:1"));
  CHECK_THAT(mirror.log(), Catch::Contains("ns=registry.example"));
  CHECK_THAT(mirror.log(), !Catch::Contains("manifests/1?ns="));
}

TEST_CASE("hosts.toml: what is wrong with it is told", "[e2e]") {
  Machine machine;
  write_hosts(machine, "registry.example", "server = \"https://127.0.0.1:1\"\nretries = 3\n");
  const auto unknown = machine.ibuild({"pull", "registry.example/app:1"});
  CHECK_THAT(unknown.err, Catch::Contains("hosts.toml:2: \"retries\" is not known here"));
  write_hosts(machine, "registry.example", "capabilities = [\"fly\"]\n");
  const auto wrong = machine.ibuild({"pull", "registry.example/app:1"});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Catch::Contains("hosts.toml:1: capability \"fly\""));
  write_hosts(machine, "registry.example", "capabilities = [\"pull\"]\n");
  const auto nobody = machine.ibuild({"ls", "registry.example/app"});
  CHECK(nobody.code == 2);
  CHECK_THAT(nobody.err, Catch::Contains("has the capability \"resolve\""));
}
