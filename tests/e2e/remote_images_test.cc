#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"

using namespace ibuild;
using namespace ibuild::e2e;

TEST_CASE("remote images: ls, copy within and between registries, inspect", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  const RegistryServer other;
  Machine machine;
  const auto name = server.host() + "/team/app";
  push_image(machine, name + ":1", "one\n");
  push_image(machine, name + ":2", "two\n");
  CHECK(machine.must({"ls", name}) == "1\n2");
  CHECK(machine.must({"ls", "--format", "json", name}) ==
        "{\"Name\":\"" + name + R"(","Tags":["1","2"]})");

  const auto digest = remote_digest(machine, name + ":1");
  const auto copied = other.host() + "/copy/app:1";
  CHECK(machine.must({"copy", "-q", name + ":1", copied}) == copied + "@" + digest);
  CHECK(machine.must({"copy", "-q", name + ":1", server.host() + "/renamed:3"}) ==
        server.host() + "/renamed:3@" + digest);
  for (const auto& where : {copied, server.host() + "/renamed:3"}) {
    CHECK(machine.must({"inspect", "--remote", "--raw", where}) ==
          machine.must({"inspect", "--raw", name + ":1"}));
    CHECK(machine.must({"inspect", "--remote", "--config", where}) ==
          machine.must({"inspect", "--config", name + ":1"}));
  }
  if (has_program("skopeo")) {
    CHECK_THAT(machine.must_run({"skopeo", "inspect", "--tls-verify=false", "docker://" + copied}),
               Catch::Contains(digest));
  }
  CHECK_THAT(machine.ibuild({"copy", name + ":1", copied}).err,
             Catch::Contains("it stands there already"));
}

TEST_CASE("remote images: rm takes manifests only when it is said so", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto name = server.host() + "/app";
  push_image(machine, name + ":1", "one\n");
  const auto digest = remote_digest(machine, name + ":1");

  CHECK(machine.ibuild({"rm", name}).code == 2);
  CHECK(machine.ibuild({"rm", name + "@" + digest}).code == 2);
  const auto tag_alone = machine.ibuild({"rm", name + ":1"});  // docker-registry cannot
  CHECK(tag_alone.code != 0);
  CHECK_THAT(tag_alone.err, Catch::Contains("--force"));

  CHECK(machine.must({"rm", "--force", name + ":1"}) == "Deleted: " + name + "@" + digest);
  CHECK(machine.must({"ls", name}).empty());
  CHECK_THAT(machine.ibuild({"rm", "--force", name + ":1"}).err, Catch::Contains("has no image"));
}

TEST_CASE("remote images: push under several names, all tags, the digest in a file", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto name = server.host() + "/app";
  push_image(machine, name + ":1", "one\n");
  const auto digest = remote_digest(machine, name + ":1");
  CHECK(machine.must({"push", "-q", "--digestfile", machine.path("home/digest"), name + ":1",
                      name + ":a", server.host() + "/other:b"}) ==
        name + ":a@" + digest + "\n" + server.host() + "/other:b@" + digest);
  CHECK(machine.read("home/digest") == digest);
  CHECK(remote_digest(machine, server.host() + "/other:b") == digest);

  const auto elsewhere = server.host() + "/elsewhere";
  machine.must({"tag", name + ":1", elsewhere + ":x", elsewhere + ":y"});
  machine.must({"push", "-q", "--all-tags", elsewhere});
  CHECK(machine.must({"ls", elsewhere}) == "x\ny");
  CHECK(machine.ibuild({"push", "--all-tags", elsewhere + ":x"}).code == 2);
  CHECK(machine.ibuild({"push", "--all-tags", server.host() + "/nothing"}).code == 1);
}

TEST_CASE("remote images: login, use and logout with a file of one's own", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server({.access = test::RegistryServerOptions::Access::basic_auth});
  Machine machine;
  const auto file = machine.path("home/own.json");
  machine.must({"login", "--authfile", file, "-u", RegistryServer::username(), "--password-stdin",
                server.host()},
               {.stdin_text = RegistryServer::password()});
  machine.write("context/f", "one\n");
  const auto name = server.host() + "/app:1";
  REQUIRE(machine.build(name, "FROM scratch\nCOPY f /f\n").code == 0);
  CHECK(machine.ibuild({"push", name}).code == 3);
  machine.must({"push", "--authfile", file, name});
  CHECK(machine.must({"ls", "--authfile", file, server.host() + "/app"}) == "1");
  machine.must({"logout", "--authfile", file, server.host()});
  CHECK(machine.ibuild({"ls", "--authfile", file, server.host() + "/app"}).code == 3);
}

TEST_CASE("remote images: names that are wrong", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  CHECK(machine.ibuild({"ls", server.host() + "/app:1"}).code == 2);
  CHECK(machine.ibuild({"ls", server.host() + "/nothing"}).code == 3);
  CHECK(machine.ibuild({"copy", server.host() + "/nothing:1", server.host() + "/x:1"}).code == 3);
  CHECK(machine.ibuild({"inspect", "--tls-verify=false", "app:1"}).code == 2);
}
