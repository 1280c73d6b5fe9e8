#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

std::size_t blobs_in(const Machine& machine) {
  return base::list_dir(base::DirFd::open(machine.store() + "/blobs/sha256")).size();
}

}  // namespace

TEST_CASE("images: what was built is listed, inspected, and its history told", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  REQUIRE(machine.build("app:1", "FROM scratch\nCOPY f /f\nENV A=1\nCMD [\"/f\"]\n").code == 0);
  CHECK_THAT(machine.must({"images"}), Catch::Contains("app") && Catch::Contains("1"));
  CHECK_THAT(machine.must({"images", "--format", "json"}),
             Catch::Contains("\"Repository\":\"app\""));
  CHECK(machine.must({"images", "-q", "other"}).empty());
  const auto inspected = machine.must({"inspect", "app:1"});
  CHECK_THAT(inspected, Catch::Contains("\"A=1\"") && Catch::Contains("\"app:1\"") &&
                            Catch::Contains("\"RootFS\""));
  CHECK_THAT(machine.must({"inspect", "--config", "app:1"}), Catch::Contains("\"rootfs\""));
  const auto history = machine.must({"history", "app:1"});
  CHECK_THAT(history, Catch::Contains("COPY f /f") && Catch::Contains("ENV A=1"));
}

TEST_CASE("images: tags of one repository share its digest", "[e2e]") {
  Machine machine;
  REQUIRE(machine.build("app:1", "FROM scratch\nENV A=1\n").code == 0);
  machine.must({"tag", "app:1", "app:2"});
  const auto inspected = machine.must({"inspect", "app:1"});
  const auto first = inspected.find("\"app@sha256:");
  REQUIRE(first != std::string::npos);
  CHECK(inspected.find("\"app@sha256:", first + 1) == std::string::npos);
}

TEST_CASE("images: by the first digits of a digest", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  REQUIRE(machine.build("app:1", "FROM scratch\nCOPY f /f\n").code == 0);
  const auto digest = machine.must({"images", "-q", "app:1"});
  CHECK(machine.must({"inspect", "--raw", digest.substr(7, 12)}) ==
        machine.must({"inspect", "--raw", "app:1"}));
  CHECK(machine.must({"inspect", "--raw", digest}) == machine.must({"inspect", "--raw", "app:1"}));
  machine.must({"tag", digest.substr(7, 12), "copy:1"});
  CHECK(machine.must({"images", "-q", "copy:1"}) == digest);
}

TEST_CASE("images: one that is missing gets a suggestion", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  REQUIRE(machine.build("flask:1", "FROM scratch\nCOPY f /f\n").code == 0);
  const auto missing = machine.ibuild({"inspect", "falsk:1"});
  CHECK(missing.code == 1);
  CHECK_THAT(missing.err, Catch::Contains("did you mean flask:1?"));
}

TEST_CASE("images: removing the last name removes the blobs that nobody else needs", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  REQUIRE(machine.build("app:1", "FROM scratch\nCOPY f /f\n").code == 0);
  const auto before = blobs_in(machine);
  machine.write("context/g", "y");
  REQUIRE(machine.build("app:2", "FROM scratch\nCOPY f /f\nCOPY g /g\n").code == 0);
  machine.must({"tag", "app:2", "also:2"});
  machine.must({"rmi", "app:2"});
  CHECK(blobs_in(machine) > before);
  machine.must({"rmi", "also:2"});
  CHECK(blobs_in(machine) == before);
  CHECK(machine.ibuild({"rmi", "gone:1"}).code == 1);
  CHECK(machine.ibuild({"rmi", "-f", "gone:1"}).code == 0);
  // Built again it is whole.
  REQUIRE(machine.build("app:2", "FROM scratch\nCOPY f /f\nCOPY g /g\n").code == 0);
  machine.must({"save", "-o", machine.path("home/app.tar"), "app:2"});
}

TEST_CASE("doctor: names every profile with its reason", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      const Machine machine(who);
      const auto text = machine.must({"doctor"});
      CHECK_THAT(
          text, Catch::Contains("root ") && Catch::Contains("rootless") && Catch::Contains("none"));
      CHECK_THAT(machine.must({"doctor", "--json"}), Catch::Contains("\"profile\": \"rootless\""));
    }
  }
}

TEST_CASE("doctor: what it calls usable can be asked for, and nothing else", "[e2e]") {
  for (const Who who : everybody()) {
    Machine machine(who);
    const auto text = machine.must({"doctor"});
    for (const std::string profile : {"root", "rootless", "shared-pids", "chroot"}) {
      INFO(name_of(who) << ", " << profile << ": " << text);
      const bool usable = line_after(text, "\n" + profile + " ").find(" yes ") != std::string::npos;
      machine.must_run(
          {"install", "-D", "-m", "755", "/bin/busybox", machine.path("context/busybox")});
      const auto built =
          machine.build("app:1", "FROM scratch\nCOPY busybox /\nRUN [\"/busybox\", \"true\"]\n",
                        {"--isolation", profile});
      CHECK((built.code == 0) == usable);
    }
  }
}
