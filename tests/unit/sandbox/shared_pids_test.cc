// PidNamespace::shared of sandbox/sandbox.h: what a step can do to the processes around it, and
// that its own end with it.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"
#include "sandbox/user_namespace.h"
#include "tests/support/must_run.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

StepFixture make_steps() {
  return StepFixture(sandbox::make_namespace_sandbox(sandbox::PidNamespace::shared));
}

/// Each step makes a user namespace, which a process of several threads, as the thread sanitizer's
/// are, may not.
bool can_share_pids() {
  if (!can_run_steps()) return false;
  if (!is_real_root()) return true;  // in one that was made
  static const sandbox::ProfileProbe probe = sandbox::probe_profile("shared-pids");
  return can_run("userns", probe.usable, probe.reason);
}

/// Words of a script that says what of /proc/`pid` it got to see: nothing, where all is well.
std::string look_into(const std::string& pid) {
  const std::string dir = "/proc/" + pid;
  return "for l in root cwd exe fd/0; do busybox readlink " + dir + "/$l; done; busybox ls " + dir +
         "/root/; busybox cat " + dir + "/environ; true";
}

TEST_CASE("shared pids: a step sees the processes around it, and itself by its own number",
          "[step]") {
  if (!can_share_pids()) return;
  StepFixture steps = make_steps();
  const std::string numbers = steps.out_of("echo $$; exec busybox readlink /proc/self");
  const std::string own = numbers.substr(0, numbers.find('\n') + 1);
  CHECK(numbers == own + own);
  CHECK(steps.out_of("busybox stat -c %F /proc/" + std::to_string(::getpid())) == "directory\n");
}

TEST_CASE("shared pids: a step looks into no process outside it, and traces none", "[step]") {
  if (!can_share_pids()) return;
  StepFixture steps = make_steps();
  steps.add_helper();
  const std::string outside = std::to_string(::getpid());
  CHECK(steps.out_of(look_into(outside)).empty());
  // Its supervisor.
  CHECK(steps.out_of(look_into("$PPID")).empty());
  CHECK(steps.helper({"call", std::to_string(SYS_ptrace), std::to_string(PTRACE_SEIZE), outside,
                      "0", "0"}) == "EPERM");
}

TEST_CASE("shared pids: a step looks into no other step", "[step]") {
  if (!can_share_pids()) return;
  StepFixture steps = make_steps();
  steps.add_standard_directories();  // steps at once in one root must not both make them
  REQUIRE(::mkfifoat(steps.root().get(), "pid", 0600) == 0);
  REQUIRE(::mkfifoat(steps.root().get(), "go", 0600) == 0);
  const base::UniqueFd pid_line(::openat(steps.root().get(), "pid", O_RDWR | O_CLOEXEC));
  const base::UniqueFd go(::openat(steps.root().get(), "go", O_RDWR | O_CLOEXEC));
  std::jthread other([&] {
    Recorder recorder;
    steps.sandbox().run(steps.shell("echo $$ > /pid; read line < /go"), recorder, {});
  });
  char text[32] = {};
  REQUIRE(::read(pid_line.get(), text, sizeof text - 1) > 0);
  const std::string pid(text, std::string_view(text).find('\n'));
  CHECK(steps.out_of("busybox cat /proc/" + pid + "/comm") == "sh\n");
  CHECK(steps.out_of(look_into(pid)).empty());
  REQUIRE(::write(go.get(), "x\n", 2) == 2);
}

TEST_CASE("shared pids: processes that a step leaves behind end with it", "[step]") {
  if (!can_share_pids()) return;
  StepFixture steps = make_steps();
  steps.add_helper();
  const StepResult result = steps.run(
      steps.shell("(busybox setsid busybox sh -c 'while :; do echo x >> /alive; done' &); "
                  "/bin/helper daemon; while ! busybox test -s /alive; do :; done; exit 3"));
  CHECK(result.status.code == 3);
  CHECK(steps.processes_left() == 0);
}

TEST_CASE("shared pids: a privileged step is root of no more than its own world", "[step]") {
  if (!can_share_pids()) return;
  StepFixture steps = make_steps();
  steps.add_helper();
  const std::string outside = std::to_string(::getpid());
  auto spec = steps.spec({"/bin/helper", "call", std::to_string(SYS_ptrace),
                          std::to_string(PTRACE_SEIZE), outside, "0", "0"});
  spec.insecure = true;
  CHECK(steps.run(spec).out == "EPERM\n");
  spec = steps.shell(look_into(outside));
  spec.insecure = true;
  CHECK(steps.run(spec).out.empty());
}

}  // namespace
}  // namespace ibuild::test
