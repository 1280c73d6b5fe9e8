#include "sandbox/needed_calls.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"

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

/// 0 when it is there.
int why_missing(const HarmlessCall& call) {
  const auto& arguments = call.arguments;
  if (::syscall(call.number, arguments[0], arguments[1], arguments[2], 0, 0) >= 0) return 0;
  return errno == ENOSYS || errno == EPERM ? errno : 0;
}

}  // namespace

std::string why_calls_are_missing() {
  std::string names;
  int error_number = 0;
  for (const HarmlessCall& call : kNeeded) {
    const int why = why_missing(call);
    if (why == 0) continue;
    names += (names.empty() ? "" : ", ") + std::string(call.name);
    error_number = why;
  }
  if (names.empty()) return {};
  const base::SystemError error(error_number, "use system calls (" + names + ")", "");
  return std::string(error.what()) +
         "; they take Linux 5.12, and in a container a seccomp filter that knows them";
}

}  // namespace ibuild::sandbox
