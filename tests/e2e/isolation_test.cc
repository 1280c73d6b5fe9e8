// The same Dockerfile gives the same image in every isolation profile.
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "tests/e2e/support/every_step.h"
#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

struct Place {
  Who who;
  std::string isolation;
};

std::string digest_in(const Place& place, const std::string& dockerfile) {
  INFO(name_of(place.who) << ", " << place.isolation);
  Machine machine(place.who);
  put_context_of_every_step(machine);
  const auto built =
      machine.build("app:1", dockerfile, {"--isolation", place.isolation, "--progress", "quiet"},
                    {.env = {"SOURCE_DATE_EPOCH=1700000000"}});
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(machine.processes_left().empty());
  CHECK(machine.mounts_left().empty());
  return built.out;
}

std::vector<Place> places() {
  std::vector<Place> all;
  for (const Who who : everybody()) {
    if (who == Who::root) {
      all.push_back({who, "root"});
      all.push_back({who, "chroot"});
    }
    if (who != Who::root) all.push_back({who, "rootless"});
  }
  return all;
}

}  // namespace

TEST_CASE("isolation: every profile makes the same image", "[e2e]") {
  std::string first;
  for (const Place& place : places()) {
    const std::string digest = digest_in(place, kEveryStep);
    if (first.empty()) first = digest;
    CHECK(digest == first);
  }
  CHECK(first.starts_with("sha256:"));
}

TEST_CASE("isolation: a profile that is not to be had is an error, not another one", "[e2e]") {
  for (const Who who : everybody()) {
    Machine machine(who);
    machine.write("context/f", "x");
    const std::string wrong = who == Who::root ? "rootless" : "chroot";
    const auto refused = machine.build("app:1", "FROM scratch\nCOPY f /\n", {"--isolation", wrong});
    CHECK(refused.code == 2);
    CHECK_THAT(refused.err, Catch::Contains("--isolation=" + wrong));
  }
}

TEST_CASE("isolation: root without CAP_MKNOD builds on bases with devices", "[e2e]") {
  for (const Who who : everybody()) {
    if (who != Who::root) continue;
    Machine machine(who);
    machine.make_base();
    machine.must_run({"mkdir", "-p", machine.path("context")});
    machine.must_run({"tar", "-C", "/", "-cf", machine.path("context/dev.tar"), "dev/null"});
    machine.write("context/Dockerfile",
                  "FROM localhost/base:1\nADD dev.tar /x/\nRUN echo built > /dev/null; rm -r /x\n");
    const auto built = machine.run({"setpriv", "--bounding-set", "-mknod", "--inh-caps", "-mknod",
                                    binary(), "build", "--isolation=root", "--root",
                                    machine.store(), "-t", "app:1", machine.path("context")});
    INFO(built.err);
    CHECK(built.code == 0);
  }
}

TEST_CASE("isolation: a container that masks /proc gets a profile that works there", "[e2e]") {
  for (const Who who : everybody()) {
    if (who != Who::root) continue;
    Machine machine(who);
    machine.make_base();
    machine.write("context/Dockerfile", "FROM localhost/base:1\nRUN echo built > /x\n");
    // As container engines do it: no CAP_SYS_ADMIN, and something mounted over a part of /proc.
    constexpr const char* kScript =
        "mount --bind /dev/null /proc/timer_list && "
        "exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin \"$@\"";
    const auto built =
        machine.run({"unshare", "-m", "sh", "-c", kScript, "sh", binary(), "build", "--root",
                     machine.store(), "-t", "app:1", machine.path("context")});
    INFO(built.err);
    CHECK(built.code == 0);
    CHECK(built.err.find("must not mask paths of /proc") != std::string::npos);
  }
}

TEST_CASE("isolation: doctor tells of each profile why, in words and as JSON", "[e2e]") {
  for (const Who who : everybody()) {
    Machine machine(who);
    const std::string text = machine.must({"doctor"});
    const std::string json = machine.must({"doctor", "--json"});
    for (const char* profile : {"root", "rootless", "chroot", "none"}) {
      CHECK_THAT(text, Catch::Contains(std::string(profile) + " "));
      CHECK_THAT(json, Catch::Contains("\"profile\": \"" + std::string(profile) + "\""));
    }
    CHECK((text.find("CAP_MKNOD") == std::string::npos) == (who == Who::root));
    const auto recorded = "user namespace with one id; owners are recorded: ";
    CHECK((text.find(recorded) != std::string::npos) == (who == Who::single));
    CHECK((json.find(recorded) != std::string::npos) == (who == Who::single));
  }
}
