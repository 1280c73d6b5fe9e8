#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Json = nlohmann::json;

namespace {

constexpr const char* kFaulty = R"(# app is all there is
FROM localhost/base:1 as app
ARG MODE=fast
COPY noise.log .
RUN false
)";

void prepare(Machine& machine) {
  machine.make_base();
  machine.write("context/noise.log", "x");
  machine.write("context/.dockerignore", "*.log\n");
  machine.write("context/Dockerfile", kFaulty);
}

}  // namespace

TEST_CASE("check: --check tells findings and builds nothing", "[e2e]") {
  Machine machine;
  prepare(machine);
  const auto checked = machine.ibuild({"build", "--check", "-t", "made", "context"});
  CHECK(checked.code == 1);
  CHECK_THAT(checked.out, Catch::StartsWith("Check complete, 2 warnings have been found!\n"));
  CHECK_THAT(checked.out, Catch::Contains("WARNING: FromAsCasing") &&
                              Catch::Contains("WARNING: CopyIgnoredFile"));
  CHECK_THAT(machine.must({"images"}), !Catch::Contains("made"));
  const auto ignored =
      machine.ibuild({"build", "--call=check,format=json,ignorestatus=true", "context"});
  CHECK(ignored.code == 0);
  CHECK(Json::parse(ignored.out)["warnings"].size() == 2);
}

TEST_CASE("check: outline and targets on standard output", "[e2e]") {
  Machine machine;
  prepare(machine);
  const auto outline =
      Json::parse(machine.must({"build", "--call=outline,format=json", "context"}));
  CHECK(outline["description"] == "is all there is");
  CHECK(outline["args"][0]["name"] == "MODE");
  CHECK_THAT(machine.must({"build", "--call=targets", "context"}),
             Catch::Contains("app (default)   is all there is"));
}

TEST_CASE("check: --call=subrequests.describe tells what can be asked", "[e2e]") {
  Machine machine;
  prepare(machine);
  const auto text = machine.must({"build", "--call=subrequests.describe", "context"});
  CHECK_THAT(text, Catch::StartsWith("NAME") && Catch::Contains("\noutline") &&
                       Catch::Contains("\nsubrequests.describe"));
  const auto list =
      Json::parse(machine.must({"build", "--call=subrequests.describe,format=json", "context"}));
  CHECK(list.back()["name"] == "frontend.subrequests.describe");
}

TEST_CASE("check: the answer goes to the metadata file, and there is no id", "[e2e]") {
  Machine machine;
  prepare(machine);
  const auto checked =
      machine.ibuild({"build", "--check", "--metadata-file", machine.path("home/meta"), "--iidfile",
                      machine.path("home/id"), "context"});
  CHECK(checked.code == 1);
  const auto meta = Json::parse(machine.read("home/meta"));
  CHECK(meta["result.json"]["warnings"].size() == 2);
  CHECK(meta["result.statuscode"] == "1");
  CHECK(meta["result.txt"] == checked.out);
  CHECK_FALSE(machine.exists("home/id"));
  CHECK_THAT(checked.err, Catch::Contains("--iidfile has no effect"));
  machine.must(
      {"build", "--call=outline", "--metadata-file", machine.path("home/meta"), "context"});
  CHECK(Json::parse(machine.read("home/meta"))["result.json"]["args"][0]["name"] == "MODE");
}

TEST_CASE("check: error=true ends a build before its first step", "[e2e]") {
  Machine machine;
  prepare(machine);
  const auto built = machine.build("made", std::string("# check=error=true\n") + kFaulty);
  CHECK(built.code == 1);
  CHECK_THAT(built.err,
             Catch::Contains("lint violation found for rules: CopyIgnoredFile, FromAsCasing"));
  CHECK_THAT(built.err, !Catch::Contains("] RUN false"));
}
