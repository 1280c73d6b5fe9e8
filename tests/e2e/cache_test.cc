#include <catch2/catch.hpp>
#include <memory>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"

using namespace ibuild;
using namespace ibuild::e2e;

TEST_CASE("cache: why tells what the log said, for each of the last builds", "[e2e]") {
  Machine machine;
  machine.make_base();
  machine.write("context/app.py", "1\n");
  const std::string dockerfile =
      "FROM localhost/base:1\nARG VERSION=1\nRUN echo $VERSION > /v\nCOPY app.py /\n";
  CHECK(machine.ibuild({"why", machine.path("context")}).code == 1);
  machine.write("Dockerfile", dockerfile);
  const auto build = [&](std::vector<std::string> args) {
    args.insert(args.begin(), {"build", "-f", machine.path("Dockerfile"), machine.path("context")});
    const auto built = machine.ibuild(args);
    REQUIRE(built.code == 0);
    return built.err;
  };
  const auto why = [&](std::vector<std::string> args) {
    args.insert(args.begin(), {"why", "-f", machine.path("Dockerfile"), machine.path("context")});
    return machine.must(args);
  };
  CHECK_THAT(build({}), !Catch::Contains("why:"));
  CHECK_THAT(why({}), Catch::Contains("RUN echo") && Catch::Contains("ran: not built before"));
  machine.write("context/app.py", "2\n");
  CHECK_THAT(build({}), Catch::Contains("why: app.py changed"));
  CHECK(why({"--step", "3"}) == "3 [3/3] COPY app.py /\n    ran: app.py changed");
  CHECK_THAT(build({"--build-arg", "VERSION=2"}),
             Catch::Contains("why: build-arg VERSION 1 → 2") &&
                 Catch::Contains("why: it stands on RUN echo 2 > /v now"));
  CHECK_THAT(why({"--build", "2"}), Catch::Contains("RUN echo 1 > /v\n    cached"));
  CHECK_THAT(why({}), Catch::Contains("ran: build-arg VERSION 1 → 2"));
  CHECK(
      machine
          .ibuild({"why", "-f", machine.path("Dockerfile"), "--step", "9", machine.path("context")})
          .code == 2);
}

TEST_CASE("cache: a file that a step touched without changing it does not come back", "[e2e]") {
  Machine machine;
  machine.make_base();
  machine.write("Dockerfile",
                "FROM localhost/base:1\nCOPY src /src\nRUN chmod -R a+r /src && echo ok > /ok\n"
                "RUN cat /src/f\n");
  // The second step makes the same layer both times.
  for (const std::string content : {"first version", "second version"}) {
    machine.write("context/src/f", content + "\n");
    const auto built = machine.ibuild(
        {"build", "--progress=plain", "-f", machine.path("Dockerfile"), machine.path("context")});
    REQUIRE(built.code == 0);
    CHECK_THAT(built.err, Catch::Contains(content));
  }
}

namespace {

/// Two stages, so that mode=min leaves one without bytes.
const std::string kTwoStages =
    "FROM localhost/base:1 AS build\nCOPY src /src\nRUN md5sum /src/* > /sum\n"
    "FROM localhost/base:1\nWORKDIR /app\nCOPY --from=build /sum sum\nRUN date +%N > /made\n";

/// Machines around one registry. Their bases are the same image, so that their keys are.
struct Team {
  test::RegistryServer server;
  std::string repository = server.host() + "/team";

  void give_base(Machine& machine, const Machine* from) const {
    if (from == nullptr) {
      machine.make_base();
      machine.must({"tag", "localhost/base:1", repository + ":base"});
      machine.must({"push", repository + ":base"});
    } else {
      machine.must({"pull", repository + ":base"});
      machine.must({"tag", repository + ":base", "localhost/base:1"});
    }
    machine.write("context/src/a", "a\n");
    machine.write("Dockerfile", kTwoStages);
  }
  Output build(const Machine& machine, std::vector<std::string> args) const {
    args.insert(args.begin(), {"build", "-f", machine.path("Dockerfile"), machine.path("context")});
    return machine.ibuild(args);
  }
};

}  // namespace

TEST_CASE("cache: stores that share a registry hit each other's steps, root and rootless",
          "[e2e]") {
  const auto why_not = test::RegistryServer::why_unavailable();
  if (!test::can_run("registry", why_not.empty(), why_not)) return;
  const Team team;
  const std::string cache = "type=registry,ref=" + team.repository + ":cache";
  const Machine* first = nullptr;
  std::vector<std::unique_ptr<Machine>> machines;
  std::string made;
  for (const Who who : everybody()) {
    machines.push_back(std::make_unique<Machine>(who));
    auto& machine = *machines.back();
    team.give_base(machine, first);
    std::vector<std::string> args = {"-t", "app:1", "--cache-from", cache};
    if (first == nullptr) args.insert(args.end(), {"--cache-to", cache + ",mode=max"});
    const auto built = team.build(machine, args);
    INFO(name_of(who) << "\n" << built.err);
    REQUIRE(built.code == 0);
    const auto found = machine.must({"run", "app:1", "cat", "/made", "sum"});
    if (first == nullptr) {
      made = found;
      CHECK_THAT(built.err, Catch::Contains("is not used: there is none"));
    } else {
      CHECK(found == made);
      CHECK(count(built.err, "found in cache") == 5);
      CHECK_THAT(built.err, !Catch::Contains("why:"));
    }
    first = &machine;
  }
}

TEST_CASE("cache: inline and mode=min serve a whole build without the bytes of other stages",
          "[e2e]") {
  const auto why_not = test::RegistryServer::why_unavailable();
  if (!test::can_run("registry", why_not.empty(), why_not)) return;
  const Team team;
  for (const std::string kind : {"inline", "argument", "min"}) {
    DYNAMIC_SECTION(kind) {
      Machine first;
      team.give_base(first, nullptr);
      const std::string image = team.repository + ":" + kind;
      std::vector<std::string> args = {"-t", image, "--push"};
      if (kind == "inline") args.insert(args.end(), {"--cache-to", "type=inline"});
      if (kind == "argument") args.insert(args.end(), {"--build-arg", "BUILDKIT_INLINE_CACHE=1"});
      if (kind == "min")
        args.insert(args.end(), {"--cache-to", "type=registry,ref=" + image + "-cache"});
      REQUIRE(team.build(first, args).code == 0);
      Machine second;
      team.give_base(second, &first);
      const std::string from = kind == "min" ? image + "-cache" : image;
      const auto built = team.build(second, {"-t", "app:1", "--cache-from", from});
      INFO(built.err);
      REQUIRE(built.code == 0);
      CHECK(count(built.err, "CACHED") >= 5);
      CHECK_THAT(built.err, !Catch::Contains("why:"));
      CHECK(second.must({"run", "app:1", "cat", "/made"}) ==
            first.must({"run", image, "cat", "/made"}));
      // What needs the bytes of the other stage makes them.
      second.write("Dockerfile", kTwoStages + "COPY --from=build /src /more\n");
      const auto more = team.build(second, {"-t", "app:2", "--cache-from", from});
      INFO(more.err);
      CHECK(more.code == 0);
      CHECK(second.must({"run", "app:2", "cat", "/more/a"}) == "a");
    }
  }
}

TEST_CASE("cache: inline serves an image for several platforms, each from its own layers",
          "[e2e]") {
  const auto why_not = test::RegistryServer::why_unavailable();
  if (!test::can_run("registry", why_not.empty(), why_not)) return;
  const Team team;
  const std::string image = team.repository + ":platforms";
  const std::string dockerfile =
      "FROM --platform=$BUILDPLATFORM localhost/base:1 AS build\nARG TARGETARCH\n"
      "RUN date +%N > /made && echo $TARGETARCH > /arch\n"
      "FROM scratch\nCOPY --from=build /made /arch /\n";
  const std::vector<std::string> platforms = {"--platform", "linux/amd64,linux/riscv64"};
  const auto build = [&](Machine& machine, std::vector<std::string> args) {
    machine.write("Dockerfile", dockerfile);
    args.insert(args.end(), platforms.begin(), platforms.end());
    return team.build(machine, args);
  };
  Machine first;
  team.give_base(first, nullptr);
  REQUIRE(build(first, {"-t", image, "--push", "--cache-to", "type=inline"}).code == 0);
  Machine second;
  team.give_base(second, &first);
  const auto built = build(second, {"-t", "app:1", "--cache-from", image});
  INFO(built.err);
  CHECK(built.code == 0);
  CHECK(count(built.err, "found in cache") == 4);
  CHECK_THAT(built.err, !Catch::Contains("why:"));
}

TEST_CASE("cache: one that cannot be reached is a warning; writing there an error", "[e2e]") {
  Machine machine;
  machine.make_base();
  machine.write("context/src/a", "a\n");
  machine.write("Dockerfile", kTwoStages);
  const std::vector<std::string> build = {"build", "-f",    machine.path("Dockerfile"),
                                          "-t",    "app:1", machine.path("context")};
  const auto with = [&](std::vector<std::string> args) {
    args.insert(args.begin(), build.begin(), build.end());
    return machine.ibuild(args);
  };
  // Nobody listens there.
  const auto read = with({"--cache-from", "127.0.0.1:1/none:1"});
  INFO(read.err);
  CHECK(read.code == 0);
  CHECK_THAT(read.err, Catch::Contains("cache 127.0.0.1:1/none:1 is not used"));
  const std::string to = "type=registry,ref=127.0.0.1:1/none:1";
  const auto written = with({"--cache-to", to});
  CHECK(written.code == 3);
  CHECK_THAT(written.err, Catch::Contains("exporting cache to registry 127.0.0.1:1/none:1"));
  CHECK(with({"--cache-to", to + ",ignore-error=true"}).code == 0);
  CHECK(with({"--cache-to", "type=gha"}).code == 2);
  CHECK(with({"--cache-from", "type=local"}).code == 2);
}

TEST_CASE("cache: cache mounts travel with the cache of a registry", "[e2e]") {
  const auto why_not = test::RegistryServer::why_unavailable();
  if (!test::can_run("registry", why_not.empty(), why_not)) return;
  const Team team;
  const std::string cache = "type=registry,ref=" + team.repository + ":mounts";
  const auto dockerfile = [](const std::string& command) {
    return "FROM localhost/base:1\nRUN --mount=type=cache,id=pip,target=/c "
           "--mount=type=cache,id=other,target=/o " +
           command + "\n";
  };
  Machine first;
  team.give_base(first, nullptr);
  first.write("Dockerfile", dockerfile("mkdir /c/deep && echo wheel > /c/deep/w && touch /o/x"));
  REQUIRE(team.build(first, {"--cache-to", cache + ",mode=max,mounts=pip"}).code == 0);
  // The next job starts with nothing, and its step has changed.
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine second(who);
      team.give_base(second, &first);
      second.write("Dockerfile", dockerfile("cat /c/deep/w > /found; ls /o >> /found"));
      const auto built = team.build(second, {"-t", "app:1", "--cache-from", cache});
      INFO(built.err);
      REQUIRE(built.code == 0);
      CHECK_THAT(built.err, Catch::Contains("cache mount pip restored from " + team.repository));
      CHECK(second.must({"run", "app:1", "cat", "/found"}) == "wheel");
    }
  }
}
