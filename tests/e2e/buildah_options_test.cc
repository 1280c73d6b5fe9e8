#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

TEST_CASE("buildah options: base, variables, history and media types of an image", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto built = machine.build(
      "app:1", "FROM no.such.registry.example/base\nRUN echo made with $A\n",
      {"--from=localhost/base:1", "--env=A=one", "--format=docker", "--omit-history", "--layers",
       "--jobs=1", "--source-date-epoch=7", "--iidfile", machine.path("home/id"), "--iidfile-raw",
       machine.path("home/raw"), "--logfile", machine.path("home/log")});
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(built.err.empty());
  CHECK_THAT(machine.read("home/log"), Catch::Contains("made with one"));
  CHECK(machine.read("home/id") == "sha256:" + machine.read("home/raw"));
  const auto config = machine.must({"inspect", "--config", "app:1"});
  CHECK_THAT(config, Catch::Contains("\"A=one\"") && !Catch::Contains("\"history\"") &&
                         Catch::Contains("1970-01-01T00:00:07Z"));
  CHECK_THAT(machine.must({"inspect", "--raw", "app:1"}),
             Catch::Contains("application/vnd.docker.distribution.manifest.v2+json"));
}

TEST_CASE("buildah options: a build that fails says so in its log and on standard error", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto failed = machine.build("app:1", "FROM localhost/base:1\nRUN echo before; exit 3\n",
                                    {"--no-cache", "--logfile", machine.path("home/log")});
  CHECK(failed.code == 1);
  CHECK_THAT(failed.err, Catch::Contains("exit code: 3"));
  CHECK_THAT(machine.read("home/log"),
             Catch::Contains("before") && Catch::Contains("exit code: 3"));
  const auto nowhere = machine.build("app:1", "FROM scratch\n", {"--logfile", "/no/such/log"});
  CHECK_THAT(nowhere.err, Catch::Contains("--logfile"));
}

TEST_CASE("buildah options: resolv.conf of steps", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto built = machine.build("app:1", "FROM localhost/base:1\nRUN cat /etc/resolv.conf\n",
                                   {"--no-cache", "--dns=192.0.2.7", "--dns-search=corp.example",
                                    "--dns-option=ndots:3", "--progress=plain"});
  INFO(built.err);
  CHECK(built.code == 0);
  for (const char* line :
       {" search corp.example\n", " nameserver 192.0.2.7\n", " options ndots:3\n"}) {
    CAPTURE(line);
    CHECK_THAT(built.err, Catch::Contains(line));
  }
  CHECK(count(built.err, " nameserver ") == 1);
}

TEST_CASE("buildah options: bases without a registry", "[e2e]") {
  Machine machine;
  machine.make_base();
  CHECK(machine.build("app:1", "FROM localhost/base:1\n", {"--pull=never"}).code == 0);
  const auto missing = machine.build("app:2", "FROM localhost/none:1\n", {"--pull=never"});
  CHECK(missing.code != 0);
  CHECK_THAT(missing.err,
             Catch::Contains("localhost/none:1: not in the local store, and --pull=never") &&
                 Catch::Contains("hint: build without --pull=never") &&
                 Catch::Contains("ibuild pull localhost/none:1") &&
                 Catch::Contains("Dockerfile:1"));
  const auto copied = machine.build(
      "app:2", "FROM localhost/base:1 AS tools\nRUN true\nFROM scratch\nCOPY --from=tolls /a /b\n",
      {"--pull=never"});
  CHECK(copied.code != 0);
  CHECK_THAT(copied.err, Catch::Contains("not in the local store") &&
                             Catch::Contains("did you mean tools?") &&
                             Catch::Contains("Dockerfile:4"));
  CHECK(machine.build("app:3", "FROM localhost/base:1\n", {"--pull=newer", "--retry=0"}).code == 0);
}
