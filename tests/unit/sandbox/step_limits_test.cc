// Limits of a step's resources, and its time-out. See also cgroup_settings_test.cc.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <stop_token>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/scope_exit.h"
#include "sandbox/cgroup_settings.h"
#include "tests/support/must_run.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

using sandbox::CgroupPlace;
using sandbox::SandboxError;

std::optional<CgroupPlace> place_of(const std::string& controller) {
  return sandbox::find_controller(controller, base::read_host_file("/proc/self/mountinfo", 1 << 20),
                                  base::read_host_file("/proc/self/cgroup", 1 << 20));
}

/// Where this process may make cgroups by itself.
bool can_limit(const std::string& controller) {
  const auto place = place_of(controller);
  const bool writable = place && ::access((place->mount_point + place->own).c_str(), W_OK) == 0;
  return can_run_steps() && is_real_root() &&
         can_run("cgroups", writable, "no cgroup of the controller " + controller + " is ours");
}

/// The cgroups that steps left behind.
std::vector<std::string> left_behind(const std::string& controller) {
  std::vector<std::string> names;
  const auto place = place_of(controller);
  const auto dir = base::DirFd::open(place->mount_point + place->own);
  for (const auto& entry : base::list_dir(dir)) {
    if (entry.name.starts_with("ibuild-")) names.push_back(entry.name);
  }
  return names;
}

class OomRecorder : public Recorder {
 public:
  void ran_out_of_memory() override { ++out_of_memory; }
  int out_of_memory = 0;
};

constexpr const char* kEatMemory = "busybox awk 'BEGIN { x = \"12345678\"; for (;;) x = x x }'";

TEST_CASE("limits: memory ends a step that takes more, and it is said", "[step]") {
  if (!can_limit("memory")) return;
  StepFixture steps;
  auto spec = steps.shell(kEatMemory);
  spec.resources.memory_bytes = 24 << 20;
  OomRecorder recorder;
  CHECK_FALSE(steps.sandbox().run(spec, recorder, {}).success());
  CHECK(recorder.out_of_memory == 1);
  CHECK(left_behind("memory").empty());
}

TEST_CASE("limits: another failure is not taken for a lack of memory", "[step]") {
  if (!can_limit("memory")) return;
  StepFixture steps;
  auto spec = steps.shell("exit 137");
  spec.resources.memory_bytes = 64 << 20;
  OomRecorder recorder;
  CHECK(steps.sandbox().run(spec, recorder, {}).code == 137);
  CHECK(recorder.out_of_memory == 0);
}

TEST_CASE("limits: a step sees its cgroup as the root, with the values asked for", "[step]") {
  if (!can_limit("cpu") || place_of("cpu")->version != sandbox::CgroupVersion::v1) return;
  StepFixture steps;
  steps.add_standard_directories();
  auto spec = steps.shell(
      "cd /sys/fs/cgroup && busybox cat cpu/cpu.shares cpu/cpu.cfs_quota_us cpuset/cpuset.cpus; "
      "busybox grep -c ':cpu:/$' /proc/self/cgroup; echo 1 > cpu/cgroup.procs");
  spec.resources.cpu_shares = 512;
  spec.resources.cpu_quota_us = 50000;
  spec.resources.cpuset_cpus = "0";
  CHECK(steps.run(spec).out == "512\n50000\n0\n1\n");
  CHECK(left_behind("cpu").empty());
  CHECK(left_behind("cpuset").empty());
}

TEST_CASE("limits: a parent is made when it is missing, and taken away", "[step]") {
  if (!can_limit("memory")) return;
  StepFixture steps;
  const std::string parent = "/ibuild-test-" + std::to_string(::getpid());
  const std::string path = place_of("memory")->mount_point + parent;
  auto spec = steps.shell("busybox sleep 1000");  // it is there when somebody looks
  spec.resources = {.memory_bytes = 64 << 20, .cgroup_parent = parent + "/below"};
  std::stop_source stop;
  Recorder recorder;
  bool was_there = false;
  recorder.on_started = [&](int) {
    was_there = ::access((path + "/below").c_str(), F_OK) == 0;
    stop.request_stop();
  };
  CHECK_THROWS_AS(steps.sandbox().run(spec, recorder, stop.get_token()), base::CancelledError);
  CHECK(was_there);
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("limits: one that cannot be set is an error that names it", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("true");
  spec.resources.cpuset_cpus = "70000";
  try {
    steps.run(spec);
    FAIL("it was set");
  } catch (const SandboxError& error) {
    CHECK(error.phase() == "limit resources");
    CHECK_THAT(error.what(), Catch::Contains("cpuset"));
    // Either there is no cgroup to be had, or the number is the fault.
    const bool is_number =
        std::string_view(error.what()).find("this machine has not") != std::string_view::npos;
    CHECK((error.hint().find("--cgroup-parent") != std::string::npos) != is_number);
  }
  if (place_of("cpuset")) CHECK(left_behind("cpuset").empty());
}

TEST_CASE("time-out: a step that takes longer is ended with its tree", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("busybox sleep 1000 & busybox sleep 1000");
  spec.timeout = std::chrono::milliseconds(100);
  CHECK_THROWS_AS(steps.run(spec), sandbox::TimeoutError);
  spec.argv[2] = "exit 4";
  spec.timeout = std::chrono::hours(1);
  CHECK(steps.run(spec).status.code == 4);
}

}  // namespace
}  // namespace ibuild::test
