// Ways out of a sandbox that worked elsewhere: CVE-2019-5736, CVE-2024-21626, CVE-2024-23652,
// CVE-2022-0492 and their families.
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/error.h"
#include "sandbox/own_binary.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

using sandbox::SandboxError;

/// What keeps us from writing a file. Opening it would tell of ETXTBSY only, which ends with the
/// process that runs it.
int error_of_writing(const std::string& path) {
  return ::access(path.c_str(), W_OK) == 0 ? 0 : errno;
}

std::string link_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

TEST_CASE("attack: our binary cannot be written through the descriptor it runs from", "[step]") {
  if (!can_run_steps()) return;
  const base::UniqueFd mount = sandbox::read_only_mount_of_own_binary();
  REQUIRE(mount);
  // In a user namespace the file need not be ours in the first place.
  const int error = error_of_writing(link_of(mount.get()));
  CHECK((error == EROFS || (error == EACCES && !is_real_root())));
  const base::UniqueFd copy = sandbox::sealed_copy_of_own_binary();
  CHECK(::ftruncate(copy.get(), 0) != 0);
  CHECK(::pwrite(copy.get(), "x", 1, 0) != 1);
  CHECK(errno == EPERM);
}

TEST_CASE("attack: the sealed copy is our binary", "[step]") {
  const base::UniqueFd copy = sandbox::sealed_copy_of_own_binary();
  struct stat own {};
  struct stat info {};
  REQUIRE(::stat("/proc/self/exe", &own) == 0);
  REQUIRE(::fstat(copy.get(), &info) == 0);
  CHECK(info.st_size == own.st_size);
  CHECK((info.st_mode & 0111) != 0);
}

TEST_CASE("attack: the first process before exec and its supervisor show a read-only binary",
          "[step]") {
  if (!can_run_steps() || !is_real_root()) return;
  StepFixture steps;
  steps.out_of("true");
  for (const auto& entry : base::list_dir(base::DirFd::open("/proc"))) {
    const auto comm = base::try_read_host_file("/proc/" + entry.name + "/comm", 64);
    const auto stat = base::try_read_host_file("/proc/" + entry.name + "/stat", 4096);
    if (!comm || !stat || *comm != "ibuild-launcher\n") continue;
    if (std::atoi(stat->c_str() + stat->rfind(") ") + 4) != ::getpid()) continue;
    CHECK(error_of_writing("/proc/" + entry.name + "/exe") == EROFS);
    return;
  }
  FAIL("no launcher found");
}

TEST_CASE("attack: a program that is /proc/self/exe does not become our binary", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.write("bin/evil", "#!/proc/self/exe\n", 0755);
  REQUIRE(::symlinkat("/proc/self/exe", steps.root().get(), "bin/evil-link") == 0);
  // Our binary needs a loader that this root has not; with one it would still be the read-only
  // file.
  CHECK(steps.run(steps.spec({"evil"})).status.code == 127);
  CHECK(steps.run(steps.spec({"evil-link"})).status.code == 127);
}

TEST_CASE("attack: no descriptor leads out by a working directory under /proc/self/fd", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  REQUIRE(::symlinkat("/proc/self/fd/7", steps.root().get(), "link") == 0);
  for (int fd = 0; fd < 20; ++fd) {
    auto spec = steps.shell("pwd; busybox ls ..");
    spec.working_dir = "/proc/self/fd/" + std::to_string(fd);
    CHECK_THROWS_AS(steps.run(spec), SandboxError);
  }
  for (const char* dir : {"/link", "/proc/self/cwd", "/proc/self/root", "/proc/1/root/tmp"}) {
    auto spec = steps.shell("pwd");
    spec.working_dir = dir;
    CHECK_THROWS_AS(steps.run(spec), SandboxError);
  }
}

TEST_CASE("attack: no descriptor of ours can be executed", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  for (int fd = 3; fd < 20; ++fd) {
    CHECK(steps.run(steps.spec({"/proc/self/fd/" + std::to_string(fd)})).status.code >= 126);
  }
}

TEST_CASE("attack: the root's parent is the root", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  CHECK(steps.out_of(
            "busybox stat -c %i / /.. /../.. /proc/1/root/.. | busybox sort -u | busybox wc -l") ==
        "1\n");
  // A second chroot does not lead past the first.
  CHECK(steps.out_of("busybox mkdir -p /jail/bin; busybox cp /bin/busybox /jail/bin; busybox "
                     "chroot /jail /bin/busybox sh -c "
                     "'cd ../../../..; /bin/busybox ls' | busybox tr '\\n' ' '") == "bin ");
}

TEST_CASE("attack: no mount of the host is seen", "[step]") {
  if (!can_run_steps() || !is_real_root()) return;
  StepFixture steps;
  const std::string mounts = steps.out_of("busybox cat /proc/self/mounts");
  std::size_t roots = 0;
  for (std::size_t at = mounts.find(" / "); at != std::string::npos;
       at = mounts.find(" / ", at + 1)) {
    ++roots;
  }
  CHECK(roots == 1);
  CHECK(mounts.find("devtmpfs") == std::string::npos);
  CHECK(mounts.find("/tmp") == std::string::npos);
}

TEST_CASE("attack: cgroup mounts cannot be used to run a program outside", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  CHECK_FALSE(
      steps.run(steps.shell("busybox mkdir /m && busybox mount -t cgroup -o memory cgroup /m"))
          .status.success());
  CHECK(steps.out_of("busybox find /sys/fs/cgroup -name release_agent -exec busybox sh -c 'echo x "
                     "> $0' {} \\; 2>/dev/null; echo done") == "done\n");
  const StepResult agent =
      steps.run(steps.shell("echo '|/bin/sh' > /proc/sys/kernel/core_pattern"));
  CHECK_FALSE(agent.status.success());
}

TEST_CASE("attack: a privileged step is still in a world of its own", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell(
      "busybox mkdir -p /m && busybox mount -t tmpfs none /m && echo x > /m/x && busybox stat -c "
      "%i / /.. | busybox uniq | busybox wc -l");
  spec.insecure = true;
  CHECK(steps.run(spec).out == "1\n");
  const base::DirFd m = base::open_dir_at(steps.root(), base::RelPath::exact("m"));
  CHECK(base::list_dir(m).empty());
}

TEST_CASE("attack: our session keyring is not the step's", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_helper();
  const long own = ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
  if (own < 0) return;  // a kernel without keys
  auto spec = steps.spec({"/bin/helper", "value", std::to_string(SYS_keyctl),
                          std::to_string(KEYCTL_GET_KEYRING_ID), "-3", "0"});
  spec.insecure = true;  // else the filter refuses the question
  const std::string out = steps.run(spec).out;
  CHECK(std::atol(out.c_str()) > 0);
  CHECK(std::atol(out.c_str()) != own);
}

TEST_CASE("attack: a mount source that is a link is what its descriptor was opened as", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const base::TempDir other = make_scratch_dir();
  base::make_dirs(other.dir(), base::RelPath::exact("real"));
  const base::UniqueFd source(::openat(other.dir().get(), "real", O_PATH | O_CLOEXEC));
  // Swapped after it was opened.
  REQUIRE(::renameat(other.dir().get(), "real", other.dir().get(), "moved") == 0);
  REQUIRE(::symlinkat("/", other.dir().get(), "real") == 0);
  auto spec = steps.shell("busybox ls -A /m; echo x > /m/x");
  spec.mounts = {{.target = base::RelPath::exact("m"), .source_fd = source.get()}};
  CHECK(steps.run(spec).out.empty());
  CHECK(base::try_lstat_at(other.dir(), base::RelPath::exact("moved/x")).has_value());
}

TEST_CASE("attack: a step that replaces mount points by links moves our clean-up nowhere",
          "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const base::TempDir outside = make_scratch_dir();
  base::write_file_atomically(outside.dir(), base::RelPath::exact("target"), "");
  auto spec =
      steps.shell("busybox mv /run /moved && busybox ln -s " + outside.host_path() + " /run");
  spec.mounts = {
      {.kind = sandbox::MountSpec::Kind::tmpfs, .target = base::RelPath::exact("run/dir")}};
  steps.run(spec);
  CHECK(base::list_dir(outside.dir()).size() == 1);
}

TEST_CASE("attack: no process outside the step can be traced or signalled", "[step][own-pids]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_helper();
  CHECK(steps.out_of("echo $PPID") == "0\n");  // there is none above it
  const std::string outside = std::to_string(::getpid());
  for (const long call : {SYS_kill, SYS_pidfd_open}) {
    CHECK(steps.helper({"call", std::to_string(call), outside, "0"}) == "ESRCH");
  }
  CHECK(steps.helper({"call", std::to_string(SYS_ptrace), std::to_string(PTRACE_SEIZE), outside,
                      "0", "0"}) == "ESRCH");
}

TEST_CASE("attack: a step makes no user namespace to become more in it", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_helper();
  CHECK(steps.helper({"call", std::to_string(SYS_unshare), std::to_string(CLONE_NEWUSER)}) ==
        "EPERM");
  CHECK(steps.helper({"call", std::to_string(SYS_clone), std::to_string(CLONE_NEWUSER | SIGCHLD),
                      "0", "0", "0", "0"}) == "EPERM");
}

TEST_CASE("attack: a fork bomb ends with its step", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  // Bounded, so that a failure of the test is no failure of the machine.
  auto spec = steps.shell(
      "b() { busybox test $1 -gt 60 && exec busybox sleep 1000; b $(($1 + 1)) & b $(($1 + 1)) & "
      "wait; }; (b 52 &) ; (b 52 &); exit 5");
  CHECK(steps.run(spec).status.code == 5);
  CHECK(steps.processes_left() == 0);
}

}  // namespace
}  // namespace ibuild::test
