// Jobs in containers of CI runners: what Docker's defaults leave of root, and of other users, is
// enough, or what is missing is named.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/e2e/support/container.h"
#include "tests/e2e/support/every_step.h"
#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/podman.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

const ContainerKind kDefaults = {.name = "Docker's defaults"};
const ContainerKind kOtherUser = {.name = "Docker's defaults, another user", .uid = 1000};

std::vector<std::string> build_words(const Machine& machine) {
  return {binary(), "build", "--progress=quiet", "-t", "app:1", machine.path("context")};
}

Output build_in(Machine& machine, const ContainerKind& kind, const std::string& dockerfile) {
  put_context_of_every_step(machine);
  machine.write("context/Dockerfile", dockerfile);
  return run_in_container(machine, kind, build_words(machine), {"SOURCE_DATE_EPOCH=1700000000"});
}

/// The digest of the image that root of this machine makes.
std::string digest_outside() {
  static const std::string digest = [] {
    Machine machine(Who::root);
    put_context_of_every_step(machine);
    machine.write("context/Dockerfile", kEveryStep);
    return machine.must_run(build_words(machine), {.env = {"SOURCE_DATE_EPOCH=1700000000"}});
  }();
  return digest + "\n";
}

std::string row_of(const Output& doctor, const std::string& profile) {
  return line_after(doctor.out, "\n" + profile + " ");
}

}  // namespace

TEST_CASE("container: every kind that lets steps run gives the image of root outside", "[e2e]") {
  if (!can_run_containers()) return;
  const std::string wanted = digest_outside();
  const std::vector<ContainerKind> kinds = {
      kDefaults,
      {.name = "with /dev/fuse", .has_fuse = true},
      {.name = "no filter", .has_filter = false},
      {.name = "nothing masked", .masks_paths = false},
      {.name = "no filter, nothing masked", .has_filter = false, .masks_paths = false},
      {.name = "another user, no filter", .uid = 1000, .has_filter = false},
      {.name = "another user, no filter, nothing masked",
       .uid = 1000,
       .has_filter = false,
       .masks_paths = false},
  };
  for (const ContainerKind& kind : kinds) {
    INFO(kind.name);
    Machine machine(Who::root);
    const Output built = build_in(machine, kind, kEveryStep);
    INFO(built.err);
    CHECK(built.code == 0);
    CHECK(built.out == wanted);
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("container: doctor tells which profile a container has, and what another one takes",
          "[e2e]") {
  if (!can_run_containers()) return;
  const auto doctor = [](const ContainerKind& kind) {
    Machine machine(Who::root);
    return run_in_container(machine, kind, {binary(), "doctor"});
  };
  const Output root = doctor(kDefaults);
  CHECK_THAT(row_of(root, "root"), Catch::Contains(" no ") && Catch::Contains("CAP_SYS_ADMIN"));
  CHECK_THAT(row_of(root, "rootless"), Catch::Contains(" no ") && Catch::Contains("seccomp"));
  CHECK_THAT(row_of(root, "chroot"), Catch::Contains(" yes "));

  const Output masked = doctor({.name = "no filter", .has_filter = false});
  CHECK_THAT(row_of(masked, "rootless"), Catch::Contains("must not mask paths of /proc"));
  CHECK_THAT(row_of(masked, "shared-pids"),
             Catch::Contains(" yes ") && Catch::Contains("share the processes"));

  const Output free = doctor({.name = "free", .has_filter = false, .masks_paths = false});
  CHECK_THAT(row_of(free, "rootless"), Catch::Contains(" yes "));
}

TEST_CASE("container: another user without user namespaces builds what has no RUN", "[e2e]") {
  if (!can_run_containers()) return;
  Machine machine(Who::root);
  const Output copied = build_in(machine, kOtherUser, "FROM scratch\nCOPY --chown=7:8 in.txt /\n");
  INFO(copied.err);
  CHECK(copied.code == 0);
  const Output run = build_in(machine, kOtherUser, kEveryStep);
  CHECK(run.code != 0);
  CHECK_THAT(run.err, Catch::Contains("make a user namespace") && Catch::Contains("seccomp"));
}

TEST_CASE("container: steps in a changed root are kept in there as well", "[e2e]") {
  if (!can_run_containers()) return;
  Machine machine(Who::root);
  const std::string program = std::string(IBUILD_BINARY_DIR) + "/tests/unit_sandbox";
  const Output tested = run_in_container(machine, kDefaults, {program, "[chroot]~[slow]"},
                                         {"IBUILD_TESTS_MUST_RUN=root"});
  INFO(tested.out << tested.err);
  CHECK(tested.code == 0);
  CHECK_THAT(tested.out, Catch::Contains("All tests passed"));
}

TEST_CASE("container: Podman's, with and without options, give the image of root outside",
          "[e2e]") {
  const std::vector<std::string> unmasked = {"--security-opt=unmask=ALL"};
  const std::vector<std::pair<Who, std::vector<std::string>>> kinds = {
      {Who::root, {}},
      {Who::root, {"--user=1000"}},
      {Who::root, {"--security-opt=no-new-privileges", "--user=1000"}},
      {Who::root, {"--cap-drop=ALL", "--user=1000"}},
      {Who::ranges, {}},
      {Who::ranges, {"--user=1000"}},
      {Who::root, {"--cap-add=MKNOD"}},
      {Who::root, unmasked},
      {Who::root, {"--security-opt=unmask=ALL", "--user=1000"}},
      {Who::ranges, unmasked},
      {Who::ranges, {"--security-opt=unmask=ALL", "--device=/dev/fuse"}},
      {Who::ranges, {"--security-opt=unmask=ALL", "--user=1000"}},
  };
  for (const auto& [who, options] : kinds) {
    if (!can_run_podman(who)) continue;
    INFO(name_of(who) << ", " << (options.empty() ? "no option" : options.back()));
    Machine machine(who);
    put_context_of_every_step(machine);
    machine.write("context/Dockerfile", kEveryStep);
    for (const char* name : {"store", "home"})
      machine.must_run({"chmod", "777", machine.path(name)});
    const Output built =
        run_in_podman(machine, options, build_words(machine), {"SOURCE_DATE_EPOCH=1700000000"});
    INFO(built.err);
    CHECK(built.code == 0);
    CHECK(built.out == digest_outside());
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("container: in Podman's defaults steps share processes, and that is said", "[e2e]") {
  for (const Who who : {Who::root, Who::ranges}) {
    if (!can_run_podman(who)) continue;
    INFO(name_of(who));
    Machine machine(who);
    put_context_of_every_step(machine);
    machine.write("context/Dockerfile", kEveryStep);
    const Output doctor = run_in_podman(machine, {}, {binary(), "doctor"});
    CHECK_THAT(row_of(doctor, "rootless"),
               Catch::Contains(" no ") && Catch::Contains("--security-opt unmask=ALL"));
    CHECK_THAT(row_of(doctor, "shared-pids"),
               Catch::Contains(" yes ") && Catch::Contains("share the processes"));
    const std::vector<std::string> words = {binary(), "build", machine.path("context")};
    const Output built = run_in_podman(machine, {}, words);
    CHECK(built.code == 0);
    CHECK_THAT(built.err, Catch::Contains("isolation `shared-pids`") &&
                              Catch::Contains("--security-opt unmask=ALL"));
  }
}
