#include "tests/support/rootless_mode.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sandbox/enter_user_namespace.h"
#include "sandbox/user_namespace.h"

namespace ibuild::test {

namespace {

constexpr unsigned kNobody = 65534;

void require(bool good, const char* what) {
  if (!good) throw base::SystemError(what, "");
}

/// Puts a file with `text` over a host file, for this process and its children only.
void cover_file(const char* path, std::string_view text) {
  std::string name = "/tmp/ibuild-test-subid-XXXXXX";
  const int fd = ::mkstemp(name.data());
  require(fd >= 0, "make temporary file");
  require(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
  require(::fchmod(fd, 0644) == 0, "chmod");
  require(::mount(name.c_str(), path, nullptr, MS_BIND, nullptr) == 0, "bind");
  require(::unlink(name.c_str()) == 0, "unlink");
  ::close(fd);
}

void enter_mount_namespace() {
  require(::unshare(CLONE_NEWNS) == 0, "unshare");
  require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make private");
}

/// Goes on as the second process of a new pid namespace; the first one takes in what loses its
/// parent, and ends as that one does.
void enter_pid_namespace() {
  enter_mount_namespace();
  require(::unshare(CLONE_NEWPID) == 0, "unshare");
  for (int generation = 1; generation <= 2; ++generation) {
    const pid_t child = ::fork();
    require(child >= 0, "fork");
    if (child == 0) continue;
    int status = 0;
    pid_t ended = -1;
    while (ended != child) ended = ::waitpid(-1, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
  }
  require(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount /proc");
}

void grant_ids() {
  enter_mount_namespace();
  cover_file("/etc/subuid", "nobody:200000:65536\n");
  cover_file("/etc/subgid", "65534:200000:65536\n");
}

void become_nobody() {
  require(::setgroups(0, nullptr) == 0, "setgroups");
  require(::setresgid(kNobody, kNobody, kNobody) == 0, "setresgid");
  require(::setresuid(kNobody, kNobody, kNobody) == 0, "setresuid");
  // As after a log-in; a change of user makes /proc/self root's.
  require(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0, "prctl");
}

void become(std::string_view who) {
  if (who == "ranges") grant_ids();
  if (who == "single" || who == "ranges") return become_nobody();
  if (who == "container") return become_root_of_a_container();
  throw base::Error("IBUILD_TEST_AS: unknown value");
}

}  // namespace

void become_root_of_a_container() {
  constexpr std::uint32_t kKept = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FSETID |
                                  1U << CAP_FOWNER | 1U << CAP_MKNOD | 1U << CAP_NET_RAW |
                                  1U << CAP_SETGID | 1U << CAP_SETUID | 1U << CAP_SETPCAP |
                                  1U << CAP_NET_BIND_SERVICE | 1U << CAP_SYS_CHROOT |
                                  1U << CAP_KILL | 1U << CAP_AUDIT_WRITE | 1U << CAP_SETFCAP;
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (capability < 32 && (kKept >> capability & 1) != 0) continue;
    require(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0, "drop capability");
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{{{kKept, kKept, 0}, {0, 0, 0}}};
  require(::syscall(SYS_capset, &header, data.data()) == 0, "capset");
}

bool wants_shared_pids() {
  const char* pids = std::getenv("IBUILD_TEST_PIDS");
  return pids != nullptr && std::string_view(pids) == "shared";
}

void mask_proc() {
  enter_mount_namespace();
  require(::mount("/dev/null", "/proc/version", nullptr, MS_BIND, nullptr) == 0, "mask /proc");
}

void enter_rootless_mode(int argc, char** argv) {
  const char* who = std::getenv("IBUILD_TEST_AS");
  if (who == nullptr) return;
  try {
    const bool first_run = std::getenv("IBUILD_USERNS") == nullptr;
    if (first_run && wants_shared_pids()) {
      enter_pid_namespace();
      mask_proc();
    }
    if (first_run) become(who);
    std::string why_not;
    const sandbox::Privilege reached = sandbox::enter_user_namespace(argc, argv, why_not);
    const auto wanted = std::string_view(who) == "single" ? sandbox::Privilege::rootless_single
                                                          : sandbox::Privilege::rootless_ranges;
    if (wants_shared_pids() && sandbox::why_no_own_proc().empty()) {
      throw base::Error("a /proc of steps' own can be had");
    }
    if (reached == wanted) return;
    std::cerr << "cannot run as " << who << ": " << why_not << "\n";
  } catch (const std::exception& error) {
    std::cerr << "cannot run as " << who << ": " << error.what() << "\n";
  }
  ::_exit(1);
}

}  // namespace ibuild::test
