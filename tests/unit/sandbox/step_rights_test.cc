// What a step may do, and what it is kept from.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "tests/support/forked.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

std::string call(StepFixture& steps, long number, std::initializer_list<unsigned long> arguments) {
  std::vector<std::string> words = {"call", std::to_string(number)};
  for (unsigned long argument : arguments) words.push_back(std::to_string(argument));
  return steps.helper(words);
}

constexpr const char* kShowCapabilities = "busybox grep ^Cap /proc/self/status";
// Docker's 14.
constexpr const char* kDefaultSet = "00000000a80425fb";

TEST_CASE("rights: root of a step has Docker's capabilities", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const std::string set = kDefaultSet;
  CHECK(steps.out_of(kShowCapabilities) == "CapInh:\t0000000000000000\nCapPrm:\t" + set +
                                               "\nCapEff:\t" + set + "\nCapBnd:\t" + set +
                                               "\nCapAmb:\t0000000000000000\n");
}

TEST_CASE("rights: new privileges can be refused, then setuid programs get none", "[step]") {
  if (!can_run_steps() || !has_id(1000)) return;
  StepFixture steps;
  steps.add_helper();
  REQUIRE(::fchmodat(steps.root().get(), "bin/helper", 04755, 0) == 0);
  auto spec = steps.spec({"/bin/helper", "value", std::to_string(SYS_geteuid)});
  spec.uid = spec.gid = 1000;
  CHECK(steps.run(spec).out == "0\n");
  spec.no_new_privileges = true;
  CHECK(steps.run(spec).out == "1000\n");
  spec.argv = {"/bin/busybox", "grep", "NoNewPrivs", "/proc/self/status"};
  CHECK(steps.run(spec).out == "NoNewPrivs:\t1\n");
}

TEST_CASE("rights: another user has none, but setuid programs may get them", "[step]") {
  if (!can_run_steps() || !has_id(1000)) return;
  StepFixture steps;
  auto spec =
      steps.shell(std::string(kShowCapabilities) + "; busybox grep NoNewPrivs /proc/self/status");
  spec.uid = spec.gid = 1000;
  CHECK(steps.run(spec).out ==
        "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
        "CapBnd:\t" +
            std::string(kDefaultSet) + "\nCapAmb:\t0000000000000000\nNoNewPrivs:\t0\n");
  steps.add_helper();
  REQUIRE(::fchmodat(steps.root().get(), "bin/helper", 04755, 0) == 0);
  spec.argv = {"/bin/helper", "value", std::to_string(SYS_geteuid)};
  CHECK(steps.run(spec).out == "0\n");
}

/// Every capability of this process passes through execve(2) from now on, and through a change of
/// user: as under an engine that gives its containers inheritable capabilities (CVE-2022-24769).
void pass_on_all_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) throw base::SystemError("capget", "");
  for (auto& half : data) half.inheritable = half.permitted;
  if (::syscall(SYS_capset, &header, data.data()) != 0) throw base::SystemError("capset", "");
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if ((data.at(capability / 32).permitted >> (capability % 32) & 1) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      throw base::SystemError("prctl", "");
    }
  }
  if (::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0) {
    throw base::SystemError("prctl", "");
  }
}

TEST_CASE("rights: what ibuild passes through execve does not reach a step", "[step]") {
  if (!can_run_steps()) return;
  for (const std::uint32_t uid : {0U, 1000U}) {
    if (!has_id(uid)) continue;
    INFO(uid);
    CHECK(passes_in_fork([&] {
      pass_on_all_capabilities();
      StepFixture steps;
      auto spec = steps.shell("busybox awk '/^Cap(Inh|Prm|Amb)/ { print $2 }' /proc/self/status");
      spec.uid = spec.gid = uid;
      const std::string none = "0000000000000000";
      const std::vector<std::string> sets = {none, uid == 0 ? kDefaultSet : none, none};
      return steps.run(spec).out == base::join(sets, "\n") + "\n";
    }));
  }
}

std::string own_status_line(const std::string& key) {
  const std::string status = base::read_host_file("/proc/self/status", 1 << 16);
  const std::size_t at = status.find("\n" + key + ":") + 1;
  return status.substr(at, status.find('\n', at) - at + 1);
}

TEST_CASE("rights: a privileged step has all capabilities and no filter", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell(std::string("busybox grep -E '^(CapBnd|Seccomp):' /proc/self/status"));
  spec.insecure = true;
  const std::string out = steps.run(spec).out;
  // But for the one that asks the keeper of owners.
  const std::string filter =
      base::must_record_owners() ? "Seccomp:\t2\n" : own_status_line("Seccomp");
  CHECK(out == own_status_line("CapBnd") + filter);
}

TEST_CASE("rights: a privileged step has them whoever its user is, also after execve", "[step]") {
  if (!can_run_steps() || !has_id(1000)) return;
  StepFixture steps;
  auto spec = steps.shell("busybox grep -E '^Cap(Eff|Amb):' /proc/self/status");
  spec.insecure = true;
  spec.uid = spec.gid = 1000;
  const std::string all = own_status_line("CapPrm").substr(std::string("CapPrm").size());
  CHECK(steps.run(spec).out == "CapEff" + all + "CapAmb" + all);
}

TEST_CASE("rights: the filter refuses what reaches beyond the step", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  for (long number : {SYS_mount, SYS_umount2, SYS_keyctl, SYS_add_key, SYS_bpf, SYS_setns,
                      SYS_pivot_root, SYS_reboot, SYS_init_module, SYS_userfaultfd,
                      SYS_open_by_handle_at, SYS_io_uring_setup, SYS_fsopen}) {
    INFO(number);
    CHECK(call(steps, number, {}) == "EPERM");
  }
  CHECK(call(steps, SYS_unshare, {CLONE_NEWUSER}) == "EPERM");
  CHECK(call(steps, SYS_clone3, {}) == "ENOSYS");
  CHECK(call(steps, 9999, {}) == "ENOSYS");
  CHECK(call(steps, SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}) == "EPERM");
  CHECK(call(steps, SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}) == "EPERM");
  CHECK(call(steps, SYS_socket, {AF_UNIX, SOCK_STREAM, 0}) == "ok");
  CHECK(call(steps, SYS_personality, {0x0040000}) == "EPERM");
  CHECK(call(steps, SYS_personality, {0xffffffff}) == "ok");
}

TEST_CASE("rights: ordinary work of package installers is allowed", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.out_of(
      "cd /; busybox mkdir d; echo x > d/f; busybox chmod 4755 d/f; busybox ln d/f d/g; busybox ln "
      "-s f d/l;"
      "busybox mkfifo d/p; busybox mv d/f d/h; busybox rm -r d; busybox chroot / busybox true;"
      "busybox nice -n 5 busybox true; busybox kill -0 $$");
  if (has_id(1000)) steps.out_of("echo x > /f; busybox chown 1000:1000 /f");
}

TEST_CASE("rights: masked paths are empty and cannot be written", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  for (const char* path : {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug",
                           "/proc/latency_stats"}) {
    if (::access(path, F_OK) != 0) continue;
    INFO(path);
    CHECK(steps.out_of(std::string("busybox head -c 10 ") + path).empty());
  }
  for (const char* path : {"/proc/acpi", "/proc/scsi", "/proc/asound", "/sys/firmware",
                           "/sys/devices/virtual/powercap"}) {
    if (::access(path, F_OK) != 0) continue;
    INFO(path);
    CHECK(steps.out_of(std::string("busybox ls -A ") + path).empty());
    CHECK_FALSE(steps.run(steps.shell(std::string("echo > ") + path + "/x")).status.success());
  }
}

/// What is mounted in a step: place → first options, the topmost one where several lie at a place.
std::map<std::string, std::string> mounts_of_step(StepFixture& steps) {
  std::map<std::string, std::string> mounts;
  const std::string table = steps.out_of("busybox cat /proc/self/mountinfo");
  for (const auto line : base::split(table, '\n')) {
    const auto fields = base::split(line, ' ');
    if (fields.size() > 5) mounts[std::string(fields[4])] = fields[5];
  }
  return mounts;
}

TEST_CASE("rights: every path that Docker masks or write-protects is covered", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const auto mounts = mounts_of_step(steps);
  const auto options_at = [&](const std::string& path) {
    const auto found = mounts.find(path);
    return found == mounts.end() ? "not covered" : found->second;
  };
  for (const char* path :
       {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap"}) {
    if (::access(path, F_OK) != 0) continue;
    INFO(path);
    CHECK_THAT(options_at(path), Catch::StartsWith("ro,nosuid"));
  }
  for (const char* path :
       {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}) {
    if (::access(path, F_OK) != 0) continue;
    INFO(path);
    CHECK_THAT(options_at(path), Catch::StartsWith("ro,nosuid,nodev,noexec"));
  }
}

TEST_CASE("rights: /proc/sys and its like, /sys and cgroups are read-only", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  for (const char* path : {"/proc/sys/kernel/hostname", "/proc/sysrq-trigger"}) {
    if (::access(path, F_OK) != 0) continue;
    const std::string error = steps.helper({"write", path});
    CHECK((error == "EROFS" || (error == "EACCES" && !is_real_root())));
  }
  const std::string mounts = steps.out_of("busybox cat /proc/mounts");
  for (const char* place :
       {"/sys", "/sys/fs/cgroup", "/proc/sys", "/proc/irq", "/proc/fs", "/proc/bus"}) {
    const std::size_t at = mounts.rfind(std::string(" ") + place + " ");
    INFO(place);
    if (at == std::string::npos) continue;
    const std::string line = mounts.substr(at, mounts.find('\n', at) - at);
    CHECK(line.find(" ro,nosuid,nodev,noexec") != std::string::npos);
  }
  CHECK(mounts.find(" /sys ") != std::string::npos);
  CHECK_FALSE(steps.run(steps.shell("busybox mkdir /sys/fs/cgroup/x")).status.success());
}

TEST_CASE("rights: a step sees no process but its own, and no address of ours",
          "[step][own-pids]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  CHECK(steps.out_of("for p in /proc/[0-9]*; do echo $p; done") == "/proc/1\n");
  CHECK(steps.out_of("busybox wc -l < /proc/sysvipc/shm") == "1\n");
  CHECK(steps.out_of("busybox cut -d: -f3 /proc/self/cgroup | busybox sort -u") == "/\n");
}

TEST_CASE("rights: the network is the host's, or none but loopback", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("busybox readlink /proc/self/ns/net; busybox ls /sys/class/net");
  char own[64] = {};
  REQUIRE(::readlink("/proc/self/ns/net", own, sizeof own - 1) > 0);
  CHECK(steps.run(spec).out.find(own) == 0);
  spec.network = sandbox::NetworkMode::none;
  const std::string out = steps.run(spec).out;
  CHECK(out.find(own) == std::string::npos);
  CHECK(out.substr(out.find('\n')) == "\nlo\n");
  spec = steps.shell(
      "busybox ip -o link show lo | busybox grep -q UP && busybox ping -c1 -W1 127.0.0.1 "
      ">/dev/null && echo up");
  spec.network = sandbox::NetworkMode::none;
  CHECK(steps.run(spec).out == "up\n");
}

TEST_CASE("rights: device nodes can be made, but only those of /dev work", "[step]") {
  if (!can_run_steps() || !is_real_root()) return;
  StepFixture steps;
  steps.out_of(
      "busybox mknod /null c 1 3; busybox mknod /dev/null2 c 1 3; busybox mknod /dev/shm/n c 1 3");
  CHECK(steps.helper({"write", "/null"}) == "EACCES");
  CHECK(steps.out_of(
            "busybox mknod /dev/null2 c 1 3; (echo > /dev/null2) 2>/dev/null || echo refused") ==
        "refused\n");
  CHECK(steps.out_of("echo > /dev/null; busybox head -c 2 /dev/zero | busybox wc -c") == "2\n");
  auto mounts = steps.shell(
      "for d in /dev/shm /t /b; do busybox mknod $d/n c 1 3 && (echo > $d/n) 2>/dev/null || "
      "echo refused; done");
  const base::TempDir shared = make_scratch_dir();
  mounts.mounts = {{.kind = sandbox::MountSpec::Kind::tmpfs, .target = base::RelPath::exact("t")},
                   {.target = base::RelPath::exact("b"), .source_fd = shared.dir().get()}};
  CHECK(steps.run(mounts).out == "refused\nrefused\nrefused\n");
  // It is in the layer as it was made.
  const struct stat info = base::lstat_at(steps.root(), base::RelPath::exact("null"));
  CHECK(S_ISCHR(info.st_mode));
  CHECK(info.st_rdev == makedev(1, 3));
}

TEST_CASE("rights: the host's own /dev nodes keep their mode", "[step]") {
  if (!can_run_steps() || !is_real_root()) return;
  StepFixture steps;
  struct stat before {};
  struct stat after {};
  REQUIRE(::stat("/dev/null", &before) == 0);
  steps.run(steps.shell("busybox chmod 600 /dev/null"));
  REQUIRE(::stat("/dev/null", &after) == 0);
  CHECK(before.st_mode == after.st_mode);
}

}  // namespace
}  // namespace ibuild::test
