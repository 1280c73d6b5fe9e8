#include <catch2/catch.hpp>

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
