#include "sandbox/child/rights.h"

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/error.h"
#include "sandbox/child/aid.h"
#include "sandbox/child/keeper/owner_keeper.h"
#include "sandbox/child/seccomp_filter.h"
#include "sandbox/enter_user_namespace.h"
#include "sandbox/fail.h"
#include "sandbox/rlimit_names.h"
#include "sandbox/sandbox.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace ibuild::sandbox {

namespace {

/// Docker's default set.
constexpr std::array<int, 14> kDefaultCapabilities = {
    CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FSETID,           CAP_FOWNER,
    CAP_MKNOD,   CAP_NET_RAW,      CAP_SETGID,           CAP_SETUID,
    CAP_SETFCAP, CAP_SETPCAP,      CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
    CAP_KILL,    CAP_AUDIT_WRITE};

std::uint64_t allowed_capabilities(const StepContext& context) {
  std::uint64_t set = 0;
  for (int capability : kDefaultCapabilities) set |= std::uint64_t{1} << capability;
  // A second chroot(2) is the way out of the first.
  if (context.confinement == Confinement::changed_root) {
    set &= ~(std::uint64_t{1} << CAP_SYS_CHROOT);
  }
  return set;
}

/// Without CAP_SYS_ADMIN a filter can be loaded only for the price of all setuid programs; then the
/// one around us has to do.
bool may_load_filter(const StepContext& context) {
  return context.confinement != Confinement::changed_root || has_admin_capability();
}

void limit_bounding_set(std::uint64_t allowed) {
  constexpr std::string_view kPhase = "limit capabilities";
  for (int capability = 0; capability < 64; ++capability) {
    const int present = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (present < 0) return;  // EINVAL: the kernel knows no more
    if (present == 0 || (allowed >> capability & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) fail_with_errno(kPhase, "prctl");
  }
}

/// All of them stay through execve(2), whoever the user is.
void keep_all_capabilities() {
  constexpr std::string_view kPhase = "keep capabilities";
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) fail_with_errno(kPhase, "capget");
  for (auto& half : data) half.effective = half.inheritable = half.permitted;
  if (::syscall(SYS_capset, &header, data.data()) != 0) fail_with_errno(kPhase, "capset");
  for (int capability = 0; capability < 64; ++capability) {
    if ((data.at(capability / 32).permitted >> (capability % 32) & 1) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      fail_with_errno(kPhase, "prctl");
    }
  }
}

void set_capabilities(std::uint64_t allowed) {
  constexpr std::string_view kPhase = "set capabilities";
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) fail_with_errno(kPhase, "capget");
  for (std::size_t half = 0; half < data.size(); ++half) {
    const auto mask = static_cast<std::uint32_t>(allowed >> (32 * half));
    data[half].permitted &= mask;
    data[half].effective &= mask;
    data[half].inheritable = 0;
  }
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    fail_with_errno(kPhase, "prctl");
  }
  if (::syscall(SYS_capset, &header, data.data()) != 0) fail_with_errno(kPhase, "capset");
}

/// Loaded without no_new_privs, so that setuid programs work in the step; takes CAP_SYS_ADMIN.
/// Gives -1, or what the call gives.
long try_load(const std::vector<sock_filter>& filter, unsigned flags) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

void load_filter(const StepContext& context) {
  if (try_load(context.filter, 0) != 0) fail_with_errno("load system call filter", "seccomp");
}

/// Made when it is needed: few steps begin with links of others than root.
std::vector<sock_filter> filter_for_special_files(const SandboxSpec& spec) {
  constexpr auto kScope = KeeperScope::special_files_too;
  return compile_filter(spec.insecure ? keeper_verdicts_alone(kScope)
                                      : default_verdicts_with_keeper(kScope));
}

/// From here on every call that the keeper is for waits until there is one.
void load_filter_with_keeper(const SandboxSpec& spec, const StepContext& context,
                             const Channel& aid) {
  constexpr std::string_view kPhase = "load system call filter";
  start_credentials_numbers();
  const KeeperStart start{Credentials::of(spec.uid, spec.gid, spec.additional_gids),
                          spec.special_owners};
  const std::string request = aid::kKeeper + encode_start(start);
  const auto filter = !spec.special_owners.empty() ? filter_for_special_files(spec)
                      : spec.insecure              ? context.insecure_filter
                                                   : context.filter;
  // Once heard, a call is not to be interrupted and made again (Linux 5.19).
  long listener =
      try_load(filter, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  if (listener < 0) listener = try_load(filter, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  if (listener < 0) fail_with_errno(kPhase, "seccomp");
  const base::UniqueFd fd(static_cast<int>(listener));
  const int number = fd.get();
  ask_supervisor(kPhase, aid, request, {&number, 1});
}

/// EINVAL means that the user namespace has no such id.
[[noreturn]] void fail_with_id(std::string_view phase, std::string_view call, std::uint32_t id) {
  if (errno != EINVAL) fail_with_errno(phase, call, std::to_string(id));
  SandboxError error(std::string(phase),
                     "id " + std::to_string(id) + " does not exist in this user namespace");
  error.set_hint("give the user id ranges in /etc/subuid and /etc/subgid, or build as root");
  throw error;
}

/// Of this thread, which is the only one: the functions of the C library wait for all threads that
/// it knows of, and it has not seen the clone that this process comes from.
void set_ids(const SandboxSpec& spec, const StepContext& context) {
  constexpr std::string_view kPhase = "set user";
  const std::vector<gid_t> groups(spec.additional_gids.begin(), spec.additional_gids.end());
  if (context.may_set_groups && ::syscall(SYS_setgroups, groups.size(), groups.data()) != 0) {
    for (gid_t group : groups) {
      if (!maps_id(context.gids, group)) fail_with_id(kPhase, "setgroups", group);
    }
    fail_with_errno(kPhase, "setgroups");
  }
  if (::syscall(SYS_setresgid, spec.gid, spec.gid, spec.gid) != 0) {
    fail_with_id(kPhase, "setresgid", spec.gid);
  }
  if (::syscall(SYS_setresuid, spec.uid, spec.uid, spec.uid) != 0) {
    fail_with_id(kPhase, "setresuid", spec.uid);
  }
}

}  // namespace

void leave_keyring() {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0) return;
  // ENOSYS: a kernel without keys. EPERM: a filter around us denies the call, as it will to the
  // step.
  if (errno == EDQUOT) {
    SandboxError error("leave keyring", base::SystemError("keyctl", "").what());
    error.set_hint("this user has no more keys; raise sysctl kernel.keys.maxkeys");
    throw error;
  }
  if (errno != ENOSYS && errno != EPERM) fail_with_errno("leave keyring", "keyctl");
}

namespace {

/// EPERM: above our own hard limit without the right to raise it, or above what the kernel has for
/// everybody.
[[noreturn]] void fail_with_limit(const Rlimit& limit) {
  const base::SystemError cause("set", std::string(name_of_rlimit(limit.resource)) + "=" +
                                           std::to_string(limit.soft) + ":" +
                                           std::to_string(limit.hard));
  SandboxError error("set limit", cause.what());
  rlimit64 own{};
  if (cause.error_number() == EPERM &&
      ::prlimit64(0, static_cast<__rlimit_resource>(limit.resource), nullptr, &own) == 0) {
    error.set_hint("the hard limit of ibuild's own process is " + std::to_string(own.rlim_max) +
                   "; root may go above it, as far as the kernel lets anybody (sysctl fs.nr_open)");
  }
  throw error;
}

}  // namespace

void set_limits(const SandboxSpec& spec) {
  for (const Rlimit& limit : spec.rlimits) {
    const rlimit64 values{limit.soft, limit.hard};
    const auto resource = static_cast<__rlimit_resource>(limit.resource);
    if (::prlimit64(0, resource, &values, nullptr) != 0) fail_with_limit(limit);
  }
}

void refuse_new_privileges(const SandboxSpec& spec) {
  if (!spec.no_new_privileges) return;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    fail_with_errno("refuse new privileges", "prctl");
}

void drop_rights(const SandboxSpec& spec, const StepContext& context, const Channel& aid) {
  if (context.records_owners) {
    if (spec.insecure) {
      load_filter_with_keeper(spec, context, aid);
      return keep_all_capabilities();
    }
    const std::uint64_t allowed = allowed_capabilities(context);
    limit_bounding_set(allowed);
    load_filter_with_keeper(spec, context, aid);
    return set_capabilities(allowed);
  }
  if (spec.insecure) {
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) fail_with_errno("keep capabilities", "prctl");
    set_ids(spec, context);
    return keep_all_capabilities();
  }
  const std::uint64_t allowed = allowed_capabilities(context);
  limit_bounding_set(allowed);
  if (may_load_filter(context)) load_filter(context);
  set_ids(spec, context);
  set_capabilities(allowed);
}

}  // namespace ibuild::sandbox
