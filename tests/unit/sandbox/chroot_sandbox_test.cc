// make_chroot_sandbox of sandbox/sandbox.h.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "base/error.h"
#include "sandbox/user_namespace.h"
#include "tests/support/forked.h"
#include "tests/support/must_run.h"
#include "tests/support/rootless_mode.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

using sandbox::MountSpec;
using sandbox::SandboxError;

base::RelPath path(std::string_view text) { return base::RelPath::exact(text); }

bool can_change_root() {
  static const sandbox::ProfileProbe probe = sandbox::probe_profile("chroot");
  return can_run("root", probe.usable && is_real_root(), probe.reason);
}

StepFixture make_steps() { return StepFixture(sandbox::make_chroot_sandbox()); }

/// Names and times below the root: what a step that does nothing must leave as it was.
std::string look_at(const base::DirFd& root, const base::RelPath& dir = {}) {
  std::string text;
  for (const auto& entry : base::list_dir(root, dir)) {
    const base::RelPath child = dir.join(entry.name);
    const struct stat info = base::lstat_at(root, child);
    text += child.str() + " " + std::to_string(info.st_ino) + " " +
            std::to_string(info.st_mtim.tv_nsec) + "\n";
    if (S_ISDIR(info.st_mode)) text += look_at(root, child);
  }
  return text;
}

TEST_CASE("chroot: a program runs in the root, with devices, files and no way to the host's",
          "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  CHECK(steps.out_of("echo hello; echo x > /dev/null; busybox head -c 3 /dev/zero | busybox wc -c; "
                     "busybox pwd") == "hello\n3\n/\n");
  CHECK(steps.out_of("busybox ls /") == "bin\ndev\netc\nproc\nsys\n");
  auto spec = steps.shell("busybox cat /etc/resolv.conf /etc/hosts");
  spec.resolv_conf = "nameserver 192.0.2.1\n";
  spec.hosts = "127.0.0.1 localhost\n";
  CHECK(steps.run(spec).out == "nameserver 192.0.2.1\n127.0.0.1 localhost\n");
  CHECK(steps.run(steps.shell("exit 7")).status.code == 7);
  CHECK(steps.run(steps.spec({"no-such-program"})).status.code == 127);
}

TEST_CASE("chroot: the root is afterwards what it was", "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  steps.add_standard_directories();
  steps.write("dev/own", "the image's own file in /dev");
  base::make_dirs(steps.root(), path("run"));
  REQUIRE(::symlinkat("../run/resolv", steps.root().get(), "etc/resolv.conf") == 0);
  const std::string before = look_at(steps.root());
  auto spec = steps.shell(
      "busybox touch /dev/x /proc/x /t/x /etc/hosts; echo evil > /etc/resolv.conf; "
      "busybox ls /dev/own 2>/dev/null");
  spec.resolv_conf = "nameserver 192.0.2.1\n";
  spec.hosts = "127.0.0.1 localhost\n";
  spec.mounts = {{.kind = MountSpec::Kind::tmpfs, .target = path("t")}};
  CHECK(steps.run(spec).out.empty());
  CHECK(look_at(steps.root()) == before);
}

TEST_CASE("chroot: what cannot be done without mounts is refused by name", "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  auto spec = steps.shell("true");
  spec.network = sandbox::NetworkMode::none;
  CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("network"));
  spec = steps.shell("true");
  spec.insecure = true;
  CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("privileged"));
  spec = steps.shell("true");
  spec.root_read_only = true;
  CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("read-only"));
  const base::TempDir host = make_scratch_dir();
  spec = steps.shell("true");
  spec.mounts = {{.target = path("m"), .source_fd = host.dir().get()}};
  CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("belongs to the host"));
  CHECK_FALSE(steps.exists("m"));
}

TEST_CASE("chroot: a directory of ours is in the root for the step and back after it", "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  const base::TempDir ours = make_scratch_dir();
  base::make_dirs(ours.dir(), path("cache"));
  base::write_file_atomically(ours.dir(), path("cache/old"), "kept");
  base::write_file_atomically(ours.dir(), path("file"), "of a file", 0640);
  const base::UniqueFd cache = base::open_at(ours.dir(), path("cache"), O_PATH);
  const base::UniqueFd file = base::open_at(ours.dir(), path("file"), O_PATH);
  auto spec = steps.shell(
      "busybox cat /a/b/cache/old /secret; busybox stat -c %a:%u:%g:%s /etc/key; echo new > "
      "/a/b/cache/new");
  spec.mounts = {{.target = path("a/b/cache"), .source_fd = cache.get(), .source_is_ours = true},
                 {.target = path("secret"),
                  .source_fd = file.get(),
                  .source_is_directory = false,
                  .source_is_ours = true,
                  .read_only = true},
                 {.kind = MountSpec::Kind::file,
                  .target = path("etc/key"),
                  .source_fd = file.get(),
                  .source_is_directory = false,
                  .mode = 0400,
                  .uid = 12,
                  .gid = 34},
                 {.kind = MountSpec::Kind::tmpfs, .target = path("a/b/cache/inner")}};
  CHECK(steps.run(spec).out == "keptof a file400:12:34:9\n");
  CHECK(base::read_file_at(ours.dir(), path("cache/new"), 10) == "new\n");
  CHECK_FALSE(steps.exists("a"));
  CHECK_FALSE(steps.exists("secret"));
  // A step that removes it does not take what is beside it.
  spec.argv = {"/bin/sh", "-c", "busybox rm -rf /a; busybox ln -s / /a"};
  spec.mounts.pop_back();
  steps.run(spec);
  CHECK(base::try_lstat_at(ours.dir(), path("file")));
}

TEST_CASE("chroot: a step has no right to change its root again, make namespaces or mount",
          "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  CHECK_FALSE(steps.run(steps.shell("busybox chroot / /bin/busybox true")).status.success());
  CHECK_FALSE(steps.run(steps.shell("busybox mount -t tmpfs none /etc")).status.success());
  CHECK_FALSE(steps.run(steps.shell("busybox unshare -m true")).status.success());
  CHECK(steps.out_of("busybox stat -c %i / /.. /../.. | busybox uniq | busybox wc -l") == "1\n");
}

TEST_CASE("chroot: processes that a step leaves behind end with it", "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  steps.add_helper();
  const base::TempDir ours = make_scratch_dir();
  const StepResult result = steps.run(
      steps.shell("(busybox setsid busybox sh -c 'while :; do echo x >> /alive; done' &); "
                  "/bin/helper daemon; while ! busybox test -s /alive; do :; done"));
  CHECK(result.status.success());
  const auto size = base::lstat_at(steps.root(), path("alive")).st_size;
  CHECK(steps.processes_left() == 0);
  for (int i = 0; i < 1000; ++i) ::sched_yield();
  CHECK(base::lstat_at(steps.root(), path("alive")).st_size == size);
}

TEST_CASE("chroot: a fork bomb ends with its step", "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  // Bounded, so that a failure of the test is no failure of the machine.
  auto spec = steps.shell(
      "b() { busybox test $1 -gt 60 && exec busybox sleep 1000; b $(($1 + 1)) & b $(($1 + 1)) & "
      "wait; }; (b 52 &) ; (b 52 &); exit 3");
  CHECK(steps.run(spec).status.code == 3);
  CHECK(steps.processes_left() == 0);
}

TEST_CASE("chroot: a tree that ignores SIGTERM is killed after two seconds", "[chroot][slow]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  steps.add_helper();
  Recorder recorder;
  std::stop_source stop;
  recorder.on_output = [&] { stop.request_stop(); };
  CHECK_THROWS_AS(steps.sandbox().run(steps.shell("trap '' TERM; /bin/helper daemon; echo here; "
                                                  "while :; do busybox sleep 1; done"),
                                      recorder, stop.get_token()),
                  base::CancelledError);
}

TEST_CASE("chroot: SIGTERM comes first when a stop is requested", "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  Recorder recorder;
  std::stop_source stop;
  recorder.on_output = [&] {
    if (recorder.out == "here\n") stop.request_stop();
  };
  CHECK_THROWS_AS(
      steps.sandbox().run(steps.shell("trap 'echo bye; exit 0' TERM; echo here; while :; do "
                                      "busybox sleep 0.01; done"),
                          recorder, stop.get_token()),
      base::CancelledError);
  CHECK(recorder.out == "here\nbye\n");
}

TEST_CASE("chroot: a step cannot trace the process that watches it", "[chroot]") {
  if (!can_change_root()) return;
  // In a container the watcher has but one capability that the step lacks. It is the step's parent.
  CHECK(passes_in_fork([] {
    become_root_of_a_container();
    StepFixture steps = make_steps();
    steps.add_helper();
    const std::string attach =
        "/bin/helper call " + std::to_string(SYS_ptrace) + " " + std::to_string(PTRACE_SEIZE);
    return steps.out_of(attach + " $PPID 0 0; true") == "EPERM\n" &&
           steps.out_of("busybox sleep 100 & " + attach + " $! 0 0; true") == "ok\n";
  }));
}

TEST_CASE("chroot: capabilities are Docker's without the one for another root", "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  steps.add_helper();
  // See: capability.h: SYS_CHROOT is 18, CHOWN 0.
  CHECK(steps.helper({"value", std::to_string(SYS_prctl), "23", "18", "0"}) == "0");
  CHECK(steps.helper({"value", std::to_string(SYS_prctl), "23", "0", "0"}) == "1");
  CHECK(steps.helper({"value", std::to_string(SYS_prctl), "23", "21", "0"}) == "0");
}

TEST_CASE("chroot: a step has three descriptors", "[chroot]") {
  if (!can_change_root()) return;
  StepFixture steps = make_steps();
  steps.add_helper();
  CHECK(steps.out_of("fd=3; while [ $fd -lt 40 ]; do /bin/helper call " +
                     std::to_string(SYS_fcntl) + " $fd " + std::to_string(F_GETFD) +
                     "; fd=$((fd+1)); done | busybox uniq") == "EBADF\n");
}

}  // namespace
}  // namespace ibuild::test
