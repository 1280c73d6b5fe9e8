// What a step's process is given: program, environment, directory, user, limits; and what is told
// of its end.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "base/error.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

using sandbox::SandboxError;

TEST_CASE("step: its exit code is reported", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  CHECK(steps.run(steps.spec({"busybox", "true"})).status.success());
  const auto status = steps.run(steps.shell("exit 7")).status;
  CHECK(status.code == 7);
  CHECK(status.signal == 0);
}

TEST_CASE("step: the signal that killed it is reported", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  // Only what the kernel sends for a fault ends the first process of a pid namespace from inside.
  const auto status =
      steps.run(steps.spec({"busybox", "sh", "-c", "ulimit -t 1; while :; do :; done"})).status;
  CHECK((status.signal == SIGKILL || status.signal == SIGXCPU));
}

TEST_CASE("step: the environment is the spec's and nothing else", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.spec({"/bin/busybox", "env"});
  spec.env = {"B=2", "A=x y=z", "EMPTY="};
  CHECK(steps.run(spec).out == "B=2\nA=x y=z\nEMPTY=\n");
  spec.env = {};
  CHECK(steps.run(spec).out.empty());
}

TEST_CASE("step: arguments arrive as they are", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const auto result = steps.run(steps.spec({"busybox", "printf", "%s|", "a b", "", "\xff*"}));
  CHECK(result.out == "a b||\xff*|");
}

TEST_CASE("step: the program is looked up in the PATH of its environment", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.write("usr-local", "x");
  base::make_dirs(steps.root(), base::RelPath::exact("own"));
  steps.write("own/tool", "#!/bin/sh\necho own\n", 0755);
  steps.write("bin/tool", "#!/bin/sh\necho bin\n", 0755);
  auto spec = steps.spec({"tool"});
  spec.env = {"PATH=/missing:/usr-local:/own:/bin"};
  CHECK(steps.run(spec).out == "own\n");
  spec.env = {"PATH=/own"};
  spec.argv = {"busybox"};
  CHECK(steps.run(spec).status.code == 127);
  spec.env = {};  // /bin is in the default
  spec.argv = {"tool"};
  CHECK(steps.run(spec).out == "bin\n");
}

TEST_CASE("step: a program that is missing gives 127 and a clear line", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto result = steps.run(steps.spec({"frobnicate"}));
  CHECK(result.status.code == 127);
  CHECK(result.err == "exec: \"frobnicate\": not found in PATH\n");
  result = steps.run(steps.spec({"/bin/frobnicate"}));
  CHECK(result.status.code == 127);
  CHECK(result.err == "exec: \"/bin/frobnicate\": no such file or directory\n");
}

TEST_CASE("step: a program whose interpreter is missing gives 127 and says so", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.write("bin/script", "#!/usr/bin/python9\n", 0755);
  const auto result = steps.run(steps.spec({"script"}));
  CHECK(result.status.code == 127);
  CHECK(result.err == "exec: \"/bin/script\": its interpreter or loader is not there\n");
}

TEST_CASE("step: a file that cannot be run gives 126 and says why", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.write("bin/data", "just text\n", 0755);
  steps.write("bin/plain", "#!/bin/sh\n", 0644);
  auto result = steps.run(steps.spec({"data"}));
  CHECK(result.status.code == 126);
  CHECK(result.err == "exec: \"/bin/data\": cannot run: exec format error\n");
  result = steps.run(steps.spec({"plain"}));
  CHECK(result.status.code == 126);
  CHECK(result.err == "exec: \"plain\": permission denied\n");
}

TEST_CASE("step: it starts in its working directory, made with the step's owner", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("pwd");
  spec.working_dir = "/srv/app/sub";
  if (has_id(1000)) spec.uid = spec.gid = 1000;
  CHECK(steps.run(spec).out == "/srv/app/sub\n");
  spec = steps.shell("busybox stat -c '%u:%g %a' /srv /srv/app/sub");
  CHECK(steps.run(spec).out ==
        (has_id(1000) ? "1000:1000 755\n1000:1000 755\n" : "0:0 755\n0:0 755\n"));
}

TEST_CASE("step: links in the working directory stay inside the root", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  REQUIRE(::symlinkat("/data", steps.root().get(), "link") == 0);
  REQUIRE(::symlinkat("../../../../data/new", steps.root().get(), "up") == 0);
  base::make_dirs(steps.root(), base::RelPath::exact("data"));
  auto spec = steps.shell("pwd");
  spec.working_dir = "/link";
  CHECK(steps.run(spec).out == "/data\n");
  spec.working_dir = "/up";
  CHECK(steps.run(spec).out == "/data/new\n");
}

TEST_CASE("step: a working directory that is a file is a typed error", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.write("file", "");
  auto spec = steps.shell("pwd");
  spec.working_dir = "/file/sub";
  try {
    steps.run(spec);
    FAIL("nothing was thrown");
  } catch (const SandboxError& error) {
    CHECK(error.phase() == "enter working directory");
    CHECK(error.detail() == "walk /file: not a directory");
  }
}

TEST_CASE("step: it runs as its user with exactly its groups", "[step]") {
  if (!can_run_steps() || !has_id(1000)) return;
  StepFixture steps;
  auto spec = steps.shell("busybox grep -E '^(Uid|Gid|Groups):' /proc/self/status");
  spec.uid = 1000;
  spec.gid = 100;
  spec.additional_gids = {7, 50};
  CHECK(steps.run(spec).out ==
        "Uid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\nGroups:\t7 50 \n");
  spec.additional_gids = {};
  CHECK(steps.run(spec).out ==
        "Uid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\nGroups:\t \n");
}

TEST_CASE("step: an id that does not exist here is a typed error with advice", "[step]") {
  if (!can_run_steps() || has_id(400000) || base::must_record_owners()) return;
  StepFixture steps;
  auto spec = steps.shell("true");
  spec.uid = 400000;
  try {
    steps.run(spec);
    FAIL("nothing was thrown");
  } catch (const SandboxError& error) {
    CHECK_THAT(error.hint(), Catch::Contains("/etc/subuid"));
  }
}

TEST_CASE("step: its host name and limits are set, its umask is 022", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("busybox hostname; ulimit -n; umask");
  spec.hostname = "box";
  spec.rlimits = {{RLIMIT_NOFILE, 123, 456}};
  CHECK(steps.run(spec).out == "box\n123\n0022\n");
}

TEST_CASE("step: a limit that cannot be set is named, with what can", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("true");
  spec.rlimits = {{RLIMIT_NOFILE, 1ULL << 40, 1ULL << 40}};
  try {
    steps.run(spec);
    FAIL("it was set");
  } catch (const SandboxError& error) {
    CHECK_THAT(error.what(), Catch::Contains("set nofile=1099511627776:1099511627776"));
    CHECK_THAT(error.hint(), Catch::Contains("hard limit"));
  }
}

TEST_CASE("step: it has three descriptors and no input", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  // Something of ours that is not close-on-exec; sandbox_child_hook.cc has one in the launcher.
  const base::UniqueFd leak(::dup(steps.root().get()));
  CHECK(steps.helper({"fds"}) == "0 1 2 ");
  CHECK(steps.out_of("busybox cat; busybox readlink /proc/self/fd/0") == "/dev/null\n");
}

TEST_CASE("step: it leads a session without terminal and ignores no signal", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  // Session and terminal.
  CHECK(steps.out_of("busybox test \"$(busybox cut -d' ' -f6,7 /proc/$$/stat)\" = \"$$ 0\" && "
                     "echo good") == "good\n");
  // Not from a shell, which ignores some itself.
  CHECK(
      steps.run(steps.spec({"busybox", "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"})).out ==
      "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("step: the observer is told of the start and can pass signals on", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  Recorder recorder;
  int pidfd = -1;
  recorder.on_started = [&](int fd) { pidfd = fd; };
  // Only when the trap is set it says so.
  recorder.on_output = [&] { ::syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, nullptr, 0); };
  const auto status = steps.sandbox().run(
      steps.shell("trap 'exit 9' USR1; echo ready; while :; do busybox sleep 0.01; done"), recorder,
      {});
  CHECK(recorder.starts == 1);
  CHECK(status.code == 9);
}

TEST_CASE("step: with inherited descriptors it writes to ours", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  base::Pipe pipe = base::Pipe::open();
  const base::UniqueFd old_out(::dup(STDOUT_FILENO));
  ::dup2(pipe.write_end.get(), STDOUT_FILENO);
  auto spec = steps.shell("echo hello");
  spec.stdio = sandbox::StdioMode::inherited;
  const StepResult result = steps.run(spec);
  ::dup2(old_out.get(), STDOUT_FILENO);
  char buffer[16] = {};
  CHECK(::read(pipe.read_end.get(), buffer, sizeof buffer) == 6);
  CHECK(std::string(buffer) == "hello\n");
  CHECK(result.out.empty());
}

}  // namespace
}  // namespace ibuild::test
