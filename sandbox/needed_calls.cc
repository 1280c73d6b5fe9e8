#include "sandbox/needed_calls.h"

#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>
#include <span>

#include "base/error.h"
#include "base/scope_exit.h"
#include "sandbox/call_filter.h"
#include "sandbox/forked_child.h"

namespace ibuild::sandbox {

namespace {

constexpr long kNoFd = -1;

/// A call that can do no more than fail: nothing is open under the number, nothing lies at the
/// address, or nothing is asked for.
struct HarmlessCall {
  const char* name;
  long number;
  std::array<long, 3> arguments;
};

constexpr std::array kNeeded = {
    HarmlessCall{"fsopen", SYS_fsopen, {}},
    HarmlessCall{"fsconfig", SYS_fsconfig, {kNoFd}},
    HarmlessCall{"fsmount", SYS_fsmount, {kNoFd}},
    HarmlessCall{"open_tree", SYS_open_tree, {kNoFd}},
    HarmlessCall{"move_mount", SYS_move_mount, {kNoFd, 0, kNoFd}},
    HarmlessCall{"mount_setattr", SYS_mount_setattr, {kNoFd}},
    HarmlessCall{"pivot_root", SYS_pivot_root, {}},
    HarmlessCall{"unshare", SYS_unshare, {}},
    HarmlessCall{"setns", SYS_setns, {kNoFd}},
    HarmlessCall{"seccomp", SYS_seccomp, {SECCOMP_GET_ACTION_AVAIL}},
    HarmlessCall{"statx", SYS_statx, {kNoFd}},
    HarmlessCall{"pidfd_open", SYS_pidfd_open, {}},
    HarmlessCall{"pidfd_send_signal", SYS_pidfd_send_signal, {kNoFd}},
};

/// Those whose refusal is told where they are made, or changes nothing.
constexpr std::array kUsed = {
    HarmlessCall{"mount", SYS_mount, {}},
    HarmlessCall{"umount2", SYS_umount2, {}},
    HarmlessCall{"chroot", SYS_chroot, {}},
    HarmlessCall{"sethostname", SYS_sethostname, {0, -1}},
    HarmlessCall{"setdomainname", SYS_setdomainname, {0, -1}},
    HarmlessCall{"keyctl", SYS_keyctl, {KEYCTL_GET_KEYRING_ID}},
};

constexpr std::array kUsedInChangedRoot = {
    HarmlessCall{"chroot", SYS_chroot, {}},
    HarmlessCall{"seccomp", SYS_seccomp, {SECCOMP_GET_ACTION_AVAIL}},
    HarmlessCall{"keyctl", SYS_keyctl, {KEYCTL_GET_KEYRING_ID}},
};

long make(const HarmlessCall& call) {
  const auto& arguments = call.arguments;
  return ::syscall(call.number, arguments[0], arguments[1], arguments[2], 0, 0);
}

/// 0 when it is there.
int why_missing(const HarmlessCall& call) {
  if (make(call) >= 0) return 0;
  return errno == ENOSYS || errno == EPERM ? errno : 0;
}

void add_name(std::string& names, const char* name) {
  names += (names.empty() ? "" : ", ") + std::string(name);
}

/// Makes `calls` from number `next` on, which is counted up where others see it.
[[noreturn]] void make_all(std::span<const HarmlessCall> calls, std::atomic<std::size_t>& next) {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no core of a program that had nothing wrong with it
  for (; next < calls.size(); ++next) make(calls[next]);
  ::_exit(0);
}

/// The names of those that a filter ends their caller for. It ends one child at each of them.
std::string fatal_names(std::span<const HarmlessCall> calls) {
  constexpr std::size_t kSize = sizeof(std::atomic<std::size_t>);
  void* const page =
      ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw base::SystemError("mmap", "");
  const base::ScopeExit unmap([&] { ::munmap(page, kSize); });
  auto& next = *new (page) std::atomic<std::size_t>(0);
  std::string names;
  for (; next < calls.size(); ++next) {
    const pid_t child = ::fork();
    if (child < 0) throw base::SystemError("fork", "");
    if (child == 0) make_all(calls, next);
    if (signal_that_ended(child) != SIGSYS) break;
    add_name(names, calls[next].name);
  }
  return names;
}

std::string told(const std::string& fatal) {
  if (fatal.empty()) return "";
  return "use system calls (" + fatal + "): who makes them is ended (SIGSYS); " +
         advice_on_filter();
}

}  // namespace

std::string why_calls_end_us() {
  if (!is_filtered()) return "";
  std::string names = fatal_names(kNeeded);
  if (const std::string more = fatal_names(kUsed); !more.empty()) add_name(names, more.c_str());
  return told(names);
}

std::string why_calls_of_changed_root_end_us() {
  return is_filtered() ? told(fatal_names(kUsedInChangedRoot)) : "";
}

std::string why_calls_are_missing() {
  std::string names;
  int error_number = 0;
  for (const HarmlessCall& call : kNeeded) {
    const int why = why_missing(call);
    if (why == 0) continue;
    add_name(names, call.name);
    error_number = why;
  }
  if (names.empty()) return {};
  const base::SystemError error(error_number, "use system calls (" + names + ")", "");
  const bool by_unit = is_filtered() && !own_service().empty();
  return std::string(error.what()) + "; " +
         (by_unit ? advice_on_filter()
                  : "they take Linux 5.12, and in a container a seccomp filter that knows them");
}

}  // namespace ibuild::sandbox
