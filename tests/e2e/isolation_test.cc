// The same Dockerfile gives the same image in every isolation profile, and nothing else.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
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
    all.push_back({who, "shared-pids"});
  }
  return all;
}

/// A build of many steps in a cgroup, a store and a folder of temporaries that nobody else uses.
class ManySteps {
 public:
  explicit ManySteps(const Place& place) : place_(place), machine_(place.who) {
    machine_.make_base();
    machine_.must_run({"mkdir", machine_.path("tmp")});
    machine_.write("context/f", "x");
    limited_ = build(1, {"--cgroup-parent", cgroup_}).code == 0;
  }

  /// Whether the steps get cgroups of their own.
  bool limited() const { return limited_; }

  Output build(int steps) const {
    return build(steps, limited_ ? Words{"--memory=64m", "--cgroup-parent", cgroup_} : Words{});
  }

  /// What is there and should not be, a word for each.
  std::vector<std::string> left() const {
    std::vector<std::string> found = machine_.processes_left();
    for (const auto& mount : machine_.mounts_left()) found.push_back(mount);
    const std::string names = machine_.must_run(
        {"find", machine_.path("tmp"), machine_.store() + "/tmp", "-mindepth", "1"});
    if (!names.empty()) found.push_back(names);
    const auto groups =
        base::run_program({"find", "/sys/fs/cgroup", "-type", "d", "-path", "*" + cgroup_ + "*"});
    if (!groups.out.empty()) found.push_back(groups.out);
    return found;
  }

 private:
  using Words = std::vector<std::string>;

  Output build(int steps, const Words& more) const {
    std::string text = "FROM localhost/base:1\n";
    for (int i = 0; i < steps; ++i) text += "RUN true\n";
    Words words = {"build", "-q", "--no-cache", "--isolation", place_.isolation, "-f", "-"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(machine_.path("context"));
    return machine_.ibuild(std::move(words),
                           {.stdin_text = text, .env = {"TMPDIR=" + machine_.path("tmp")}});
  }

  Place place_;
  Machine machine_;
  std::string cgroup_ = "/ibuild-test-" + std::to_string(getpid());
  bool limited_ = false;
};

}  // namespace

TEST_CASE("isolation: many steps leave nothing behind", "[e2e]") {
  int steps = 100;
  for (const Place& place : places()) {
    const ManySteps many(place);
    INFO(name_of(place.who) << ", " << place.isolation << ", cgroups: " << many.limited());
    const auto built = many.build(steps);
    INFO(built.err);
    CHECK(built.code == 0);
    CHECK(many.left().empty());
    steps = 25;  // what a profile alone leaves shows as well
  }
}

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
  // As container engines do it: no CAP_SYS_ADMIN, and something mounted over a part of /proc.
  constexpr const char* kScript =
      "mount --bind /dev/null /proc/version && "
      "exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin \"$@\"";
  const RunOptions masked = {.around = {"unshare", "-m", "sh", "-c", kScript, "sh"}};
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    machine.make_base();
    const std::string dockerfile = "FROM localhost/base:1\nRUN echo built > /x\n";
    const auto built = machine.build("app:1", dockerfile, {}, masked);
    INFO(built.err);
    CHECK(built.code == 0);
    CHECK_THAT(built.err, Catch::Contains("isolation `shared-pids`") &&
                              Catch::Contains("must not mask paths of /proc"));
    const auto refused = machine.build("app:1", dockerfile, {"--isolation=rootless"}, masked);
    CHECK(refused.code == 2);
    CHECK_THAT(refused.err, Catch::Contains("must not mask paths of /proc"));
  }
}

TEST_CASE("isolation: files of id ranges that cannot be read grant none, and are named", "[e2e]") {
  constexpr const char* kScript =
      "umount /etc/subgid; mount --bind /dev/null /etc/subgid && exec \"$@\"";
  const RunOptions hidden = {.around = {"sh", "-c", kScript, "sh"}};
  for (const Who who : everybody()) {
    if (who == Who::root || ::geteuid() != 0) continue;  // who could not mount it
    INFO(name_of(who));
    Machine machine(who);
    machine.write("context/busybox", "");
    machine.must_run({"cp", "/bin/busybox", machine.path("context/busybox")});
    const auto built = machine.build(
        "app:1", "FROM scratch\nCOPY --chmod=755 busybox /\nRUN [\"/busybox\", \"true\"]\n", {},
        hidden);
    INFO(built.err);
    CHECK(built.code == 0);
    const auto doctor = machine.ibuild({"doctor"}, hidden);
    CHECK_THAT(doctor.out, Catch::Contains("read /etc/subgid: not a regular file"));
  }
}

TEST_CASE("isolation: doctor names what root of a container lacks for a changed root", "[e2e]") {
  for (const Who who : everybody()) {
    if (who != Who::root) continue;
    const Machine machine(who);
    const auto doctor = machine.run({"setpriv", "--bounding-set", "-mknod,-sys_admin", "--inh-caps",
                                     "-mknod,-sys_admin", binary(), "doctor"});
    INFO(doctor.err);
    CHECK_THAT(doctor.out, Catch::Contains("root lacks CAP_MKNOD; start the container with it"));
  }
}

TEST_CASE("isolation: doctor tells of each profile why, in words and as JSON", "[e2e]") {
  for (const Who who : everybody()) {
    Machine machine(who);
    const std::string text = machine.must({"doctor"});
    const std::string json = machine.must({"doctor", "--json"});
    for (const char* profile : {"root", "rootless", "shared-pids", "chroot", "none"}) {
      CHECK_THAT(text, Catch::Contains(std::string(profile) + " "));
      CHECK_THAT(json, Catch::Contains("\"profile\": \"" + std::string(profile) + "\""));
    }
    const auto of_users = "for root, as of a container; this user lacks CAP_MKNOD, CAP_SYS_CHROOT";
    CHECK((text.find(of_users) == std::string::npos) == (who == Who::root));
    const auto recorded = "user namespace with one id; owners are recorded: ";
    CHECK((text.find(recorded) != std::string::npos) == (who == Who::single));
    CHECK((json.find(recorded) != std::string::npos) == (who == Who::single));
  }
}
