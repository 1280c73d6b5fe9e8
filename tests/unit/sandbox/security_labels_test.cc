#include "sandbox/security_labels.h"

#include <catch2/catch.hpp>

#include "sandbox/sandbox.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::sandbox {
namespace {

const ContainerLabels kLabels = {"system_u:system_r:container_t:s0",
                                 "system_u:object_r:container_file_t:s0"};

TEST_CASE("security labels: the policy's for containers are read", "[sandbox]") {
  const auto labels = parse_container_labels(
      "process = \"system_u:system_r:container_t:s0\"\n"
      "content = \"system_u:object_r:container_ro_file_t:s0\"\n"
      "file = \"system_u:object_r:container_file_t:s0\"\n"
      "ro_file=x\nno line\n");
  CHECK(labels.process == kLabels.process);
  CHECK(labels.file == kLabels.file);
  CHECK(parse_container_labels("").process.empty());
}

TEST_CASE("security labels: parts are put in the places of the policy's", "[sandbox]") {
  const auto same = change_labels(kLabels, {});
  CHECK(same.selinux_process == kLabels.process);
  CHECK(same.selinux_files == kLabels.file);
  const auto level = change_labels(kLabels, {.type = "spc_t", .level = "s0-s0:c1,c2"});
  CHECK(level.selinux_process == "system_u:system_r:spc_t:s0-s0:c1,c2");
  CHECK(level.selinux_files == "system_u:object_r:container_file_t:s0-s0:c1,c2");
  const auto user = change_labels(kLabels, {.user = "u", .role = "r", .file_type = "f_t"});
  CHECK(user.selinux_process == "u:r:container_t:s0");
  CHECK(user.selinux_files == "u:object_r:f_t:s0");
}

TEST_CASE("security labels: a policy without levels has none, and may be given one", "[sandbox]") {
  CHECK(change_labels({"u:r:t", ""}, {}).selinux_process == "u:r:t");
  CHECK(change_labels({"u:r:t", ""}, {.level = "s0"}).selinux_process == "u:r:t:s0");
  CHECK(change_labels({"u:r:t", ""}, {}).selinux_files.empty());
  CHECK_THROWS_AS(change_labels({"u:r", ""}, {}), SandboxError);
}

TEST_CASE("security labels: a module that is not at work is named", "[sandbox]") {
  CHECK(find_labels({}) == SecurityLabels{});
  if (!has_apparmor()) {
    CHECK(find_labels({.apparmor_profile = "unconfined"}) == SecurityLabels{});
    CHECK_THROWS_WITH(find_labels({.apparmor_profile = "p"}), Catch::Contains("AppArmor"));
  }
  if (!has_selinux()) {
    CHECK_THROWS_WITH(find_labels({.selinux = SelinuxParts{}}), Catch::Contains("SELinux"));
  }
}

TEST_CASE("security labels: a step whose label cannot be set does not run", "[step]") {
  if (!test::can_run_steps()) return;
  test::StepFixture steps;
  auto spec = steps.shell("echo ran");
  SECTION("a profile that is not there") {
    spec.labels.apparmor_profile = "ibuild-test-no-such-profile";
    CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("AppArmor profile"));
  }
  SECTION("a label that is none") {
    spec.labels.selinux_process = "no label";
    CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("SELinux label"));
  }
  SECTION("a privileged step has none") {
    spec.labels.apparmor_profile = "ibuild-test-no-such-profile";
    spec.insecure = true;
    CHECK(steps.run(spec).out == "ran\n");
  }
}

}  // namespace
}  // namespace ibuild::sandbox
