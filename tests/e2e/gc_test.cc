#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

const std::string kDockerfile =
    "FROM localhost/base:1\n"
    "RUN --mount=type=cache,id=pip,target=/c head -c 300000 /dev/urandom > /c/x && cp /c/x /y\n";

std::vector<nlohmann::json> listed(const Machine& machine, std::vector<std::string> args = {}) {
  args.insert(args.begin(), {"du", "--format", "json"});
  std::istringstream lines(machine.must(args));
  std::vector<nlohmann::json> items;
  for (std::string line; std::getline(lines, line);) items.push_back(nlohmann::json::parse(line));
  return items;
}

}  // namespace

TEST_CASE("gc: du tells what the cache takes, prune removes what no image needs", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      REQUIRE(machine.build("app:1", kDockerfile).code == 0);
      const auto mounts = listed(machine, {"--filter", "type=exec.cachemount"});
      REQUIRE(mounts.size() == 1);
      CHECK(mounts[0]["Description"] == "cache mount pip");
      CHECK(mounts[0]["Size"] >= 300000);
      CHECK(mounts[0]["Reclaimable"] == true);
      CHECK_THAT(machine.must({"du", "--verbose"}), Catch::Contains("exec.cachemount") &&
                                                        Catch::Contains("RUN --mount") &&
                                                        Catch::Contains("Total: "));
      CHECK(machine.ibuild({"du", "--filter", "color=red"}).code == 2);

      // A word on the terminal is asked for; anything but yes is no.
      CHECK(machine.ibuild({"prune"}, {.stdin_text = "n\n"}).code == 0);
      CHECK(listed(machine, {"--filter", "type=exec.cachemount"}).size() == 1);
      machine.must({"prune", "-f", "--filter", "until=1h"});
      machine.must({"prune", "-f", "--keep-storage", "1g"});
      machine.must({"prune", "-f", "--keep-duration", "1h"});
      CHECK(listed(machine, {"--filter", "type=exec.cachemount"}).size() == 1);
      CHECK_THAT(machine.must({"prune", "-f", "--verbose"}), Catch::Contains("cache mount pip"));
      CHECK(listed(machine, {"--filter", "inuse=false"}).empty());

      // The image is whole, its steps are still hits; without it they go as well.
      CHECK(machine.must({"run", "app:1", "sh", "-c", "wc -c < /y"}) == "300000");
      CHECK_THAT(machine.build("app:2", kDockerfile).err, Catch::Contains("CACHED"));
      machine.must({"rmi", "app:1", "app:2"});
      machine.must({"prune", "-f", "-a"});
      const auto again = machine.build("app:1", kDockerfile);
      CHECK(again.code == 0);
      CHECK(count(again.err, "CACHED") == 1);  // the base
      CHECK(base::list_dir(base::DirFd::open(machine.store() + "/tmp")).empty());
    }
  }
}

TEST_CASE("gc: prune does not touch a store that is in use", "[e2e]") {
  Machine machine;
  machine.make_base();
  REQUIRE(machine.build("app:1", kDockerfile).code == 0);
  machine.write("Dockerfile",
                "FROM localhost/base:1\nRUN --mount=type=cache,id=pip,target=/c touch /c/started; "
                "while test -e /c/started; do usleep 10000; done\n");
  auto child = machine.start({"build", "-f", machine.path("Dockerfile"), machine.path("context")});
  const std::string mounts = machine.store() + "/cache/mounts";
  const auto find = "ls " + mounts + "/*/0/started";
  while (machine.run({"sh", "-c", find}).code != 0) {
    REQUIRE_FALSE(child.wait_for(std::chrono::milliseconds(5)));
  }
  const auto refused = machine.ibuild({"prune", "-f"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Catch::Contains("the store is in use: nothing was removed"));
  machine.must_run({"sh", "-c", "rm " + mounts + "/*/0/started"});
  CHECK(child.wait().success());
  machine.must({"prune", "-f"});
  CHECK(listed(machine, {"--filter", "type=exec.cachemount"}).empty());
}

TEST_CASE("gc: a program that runs keeps its image, and nothing else", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    machine.make_base();
    REQUIRE(machine.build("app:1", kDockerfile).code == 0);
    REQUIRE(machine.build("other:1", kDockerfile + "RUN echo other > /z\n").code == 0);
    machine.write("shared/waiting", "");
    const std::string script =
        "rm /shared/waiting; until test -e /shared/end; do usleep 10000; done; "
        "test $(wc -c < /y) = 300000";
    auto child = machine.start(
        {"run", "-v", machine.path("shared") + ":/shared", "app:1", "sh", "-c", script});
    while (machine.exists("shared/waiting")) {
      REQUIRE_FALSE(child.wait_for(std::chrono::milliseconds(5)));
    }
    CHECK_THAT(machine.must({"rmi", "other:1"}), Catch::Contains("Deleted: "));
    const auto removed = machine.ibuild({"rmi", "app:1"});
    CHECK(removed.code == 0);
    CHECK_THAT(removed.err, Catch::Contains("kept without a name"));
    machine.must({"prune", "-f", "-a"});
    machine.write("shared/end", "");
    CHECK(child.wait().success());
    machine.must({"prune", "-f", "-a"});
    CHECK(listed(machine, {"--filter", "inuse=false"}).empty());
  }
}

TEST_CASE("gc: the end of a build removes what is above the limits, when it is time", "[e2e]") {
  Machine machine;
  machine.make_base();
  const RunOptions tight{.env = {"IBUILD_GC_MAX_USED=1", "IBUILD_GC_RESERVED=0"}};
  const auto build = [&](const RunOptions& options) {
    return machine.build("app:1", kDockerfile, {}, options).err;
  };
  CHECK_THAT(build(tight), !Catch::Contains("garbage"));  // a new store
  // As if the last time was long ago.
  const auto set_back = [&] {
    machine.must_run({"sh", "-c", "echo 1 999999999 > " + machine.store() + "/cache/gc/last"});
  };
  set_back();
  CHECK_THAT(build({.env = {"IBUILD_GC=off"}}), !Catch::Contains("garbage"));
  const auto collected = build(tight);
  CHECK_THAT(collected, Catch::Contains("[internal] garbage collection") &&
                            Catch::Contains("items of the cache removed"));
  CHECK(listed(machine, {"--filter", "inuse=false"}).empty());
  CHECK(machine.must({"run", "app:1", "sh", "-c", "wc -c < /y"}) == "300000");
  // It said so once, and a damaged note is none.
  CHECK_THAT(build(tight), !Catch::Contains("garbage"));
  machine.must_run({"sh", "-c", "echo noise > " + machine.store() + "/cache/gc/last"});
  CHECK(machine.build("app:1", kDockerfile, {}, tight).code == 0);
  CHECK(machine.build("app:1", kDockerfile, {}, {.env = {"IBUILD_GC=maybe"}}).code == 2);
}

TEST_CASE("gc: killed at any instant, what is left is right", "[e2e]") {
  Machine machine;
  machine.make_base();
  const std::string other = kDockerfile + "RUN echo other > /z\n";
  REQUIRE(machine.build("app:1", kDockerfile).code == 0);
  const auto digest = machine.must({"images", "-q", "app:1"});
  for (int i = 0; i < 10; ++i) {
    REQUIRE(machine.build("other:1", other).code == 0);
    machine.must({"rmi", "other:1"});
    auto child = machine.start({"prune", "-f", "-a"});
    if (!child.wait_for(std::chrono::milliseconds(3 * i))) {
      child.send_signal(SIGKILL);
      child.wait();
    }
    CHECK(machine.processes_left().empty());
    CHECK(machine.must({"run", "app:1", "sh", "-c", "wc -c < /y"}) == "300000");
  }
  machine.must({"prune", "-f", "-a"});
  CHECK(listed(machine, {"--filter", "inuse=false"}).empty());
  CHECK(machine.build("app:2", kDockerfile).code == 0);
  CHECK(machine.must({"images", "-q", "app:2"}) == digest);
  CHECK(base::list_dir(base::DirFd::open(machine.store() + "/tmp")).empty());
}
