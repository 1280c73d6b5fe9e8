#include "sandbox/enter_user_namespace.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "base/child.h"
#include "base/error.h"
#include "base/fs_at.h"
#include "base/stream.h"
#include "base/text.h"
#include "sandbox/call_filter.h"
#include "sandbox/forked_child.h"
#include "sandbox/id_map.h"
#include "sandbox/needed_calls.h"
#include "sandbox/outside_helper.h"
#include "sandbox/root_mount.h"

namespace ibuild::sandbox {

namespace {

constexpr std::uint64_t kSubIdCap = 16 << 20;  // a line a user; sites with 100,000 users exist

/// The maps that the system grants us, or why there are none.
struct GrantedMaps {
  IdMap uids;
  IdMap gids;
  bool by_helpers = true;  // newuidmap and newgidmap; else we may write them ourselves
  std::string why_not;
};

std::string user_name(uid_t uid) {
  std::vector<char> buffer(16 << 10);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0) return {};
  return found != nullptr ? entry.pw_name : "";
}

GrantedMaps granted_maps() {
  const uid_t uid = ::geteuid();
  if (uid == 0) return {same_ids(own_uid_map()), same_ids(own_gid_map()), false, ""};
  const std::string name = user_name(uid);
  std::string unreadable;
  // A file that cannot be read grants nothing; one id is enough to build with.
  const auto ranges = [&](const char* file) -> std::vector<SubIdRange> {
    try {
      return granted_ranges(base::try_read_host_file(file, kSubIdCap).value_or(""), name, uid);
    } catch (const base::Error& error) {
      unreadable = error.what();
      return {};
    }
  };
  GrantedMaps maps{map_of_ranges(uid, ranges("/etc/subuid")),
                   map_of_ranges(::getegid(), ranges("/etc/subgid")), true, ""};
  if (!unreadable.empty()) {
    maps.why_not = unreadable;
  } else if (maps.uids.size() < 2 || maps.gids.size() < 2) {
    maps.why_not = "/etc/subuid and /etc/subgid grant no ids to " +
                   (name.empty() ? "uid " + std::to_string(uid) : "user " + name);
  }
  return maps;
}

constexpr const char* kGainsNothing =
    "ibuild runs with no_new_privs, so that setuid programs change nothing: a container's "
    "no-new-privileges, or NoNewPrivileges= and what implies it in a systemd unit";

void run_map_helper(const char* program, pid_t pid, const IdMap& map) {
  std::vector<std::string> argv = {program, std::to_string(pid)};
  for (const IdRange& range : map) {
    for (std::uint32_t number : {range.inside, range.outside, range.count}) {
      argv.push_back(std::to_string(number));
    }
  }
  base::ProgramResult result;
  try {
    result = base::run_program(argv);
  } catch (const base::SystemError& error) {
    throw base::Error(std::string(error.what()) + " (Debian's package uidmap has it)");
  }
  if (result.status.success()) return;
  const bool may_gain = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
  throw base::Error(std::string(program) + " failed: " + base::printable(base::trim(result.err)) +
                    " (" + result.status.describe() + "; " +
                    (may_gain ? "is it installed setuid root?" : kGainsNothing) + ")");
}

void map_from_outside(pid_t pid, const GrantedMaps& maps) {
  if (maps.by_helpers) {
    run_map_helper("newuidmap", pid, maps.uids);
    run_map_helper("newgidmap", pid, maps.gids);
    return;
  }
  write_id_maps(pid, maps.uids, maps.gids);
}

void map_single_id(uid_t uid, gid_t gid) {
  deny_set_groups();
  write_id_maps(::getpid(), {{0, uid, 1}}, {{0, gid, 1}});
}

void become_root_inside() {
  if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) {
    throw base::SystemError("become root in the user namespace", "");
  }
}

std::string proc_setting(const char* path) {
  return std::string(base::trim(base::try_read_host_file(path, 4096).value_or("")));
}

/// The one that holds this process to its rules; empty where none does.
std::string apparmor_profile() {
  std::string label = proc_setting("/proc/self/attr/apparmor/current");
  constexpr std::string_view kEnforced = " (enforce)";
  if (!label.ends_with(kEnforced)) return "";
  label.resize(label.size() - kEnforced.size());
  return base::printable(label);
}

/// The limits for namespaces have one error number. Empty where none of them is 0.
std::string forbidden_namespaces() {
  for (const std::string name : {"user", "mnt", "pid", "ipc", "uts", "cgroup"}) {
    const std::string setting = "max_" + name + "_namespaces";
    if (proc_setting(("/proc/sys/user/" + setting).c_str()) == "0") {
      return "set sysctl user." + setting + " to more than 0";
    }
  }
  return "";
}

/// What this machine says about itself that explains a refusal.
std::string likely_cause(int error_number) {
  if (std::string cause = why_mounts_would_show(); !cause.empty()) return cause;
  if (proc_setting("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return "set sysctl kernel.unprivileged_userns_clone=1";
  }
  if (std::string cause = forbidden_namespaces(); !cause.empty()) return cause;
  if (proc_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return "set sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give ibuild an AppArmor "
           "profile with \"userns,\"";
  }
  // A filter's answer is EPERM, as a rule.
  const std::string profile = error_number == EACCES ? apparmor_profile() : "";
  if (!profile.empty()) {
    return "the AppArmor profile " + profile +
           " is in force here; let it have \"userns,\" and mounts, or run ibuild without it";
  }
  return is_filtered() ? advice_on_filter() : "";
}

}  // namespace

std::string explain_refusal(UserNamespaceStep step, int error_number) {
  std::string what;
  switch (step) {
    case UserNamespaceStep::unshare:
      what = "make a user namespace";
      break;
    case UserNamespaceStep::map_ids:
      what = "map ids in a new user namespace";
      break;
    case UserNamespaceStep::mount:
      what = "mount in a new user namespace";
      break;
    case UserNamespaceStep::other_namespaces:
      what = "make other namespaces in a new user namespace";
      break;
    case UserNamespaceStep::mount_proc:
      what = "mount /proc in a new user namespace";
      break;
  }
  std::string text = base::SystemError(error_number, what, "").what();
  std::string cause = likely_cause(error_number);
  if (step == UserNamespaceStep::mount_proc) {
    cause = kMaskedProcAdvice;
  }
  if (cause.empty() && error_number == EINVAL && step == UserNamespaceStep::unshare) {
    cause = "the kernel is built without CONFIG_USER_NS, or this process has several threads";
  }
  if (cause.empty() && error_number == ENOSPC) {
    cause = "raise sysctl user.max_user_namespaces, or nest fewer user namespaces";
  }
  return cause.empty() ? text : text + " (" + cause + ")";
}

namespace {

/// A /proc can be mounted by processes of its pid namespace alone. Gives an errno value.
int try_to_mount_proc() {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) ::_exit(::mount("ibuild", "/proc", "proc", 0, nullptr) == 0 ? 0 : errno);
  return exit_code_of(child);
}

/// What a try has shown.
struct Trial {
  std::string why_not;  // empty when nothing is refused that cannot be done without
  int proc_error = 0;   // as of UserNamespaceEntry
};

/// The whole way with one id, up to what a step does first: some systems let a process in and then
/// deny it everything.
Trial try_in_this_process() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (!make_user_namespace()) {
    return {explain_refusal(UserNamespaceStep::unshare, errno)};
  }
  try {
    map_single_id(uid, gid);
  } catch (const base::SystemError& error) {
    // The parent's root is mapped by those who could give files its capabilities (Linux 5.12).
    const bool lacks_right = uid == 0 && error.error_number() == EPERM;
    return {lacks_right ? "map root in a new user namespace: root lacks CAP_SETFCAP; start the "
                          "container with it (--cap-add), or as another user"
                        : explain_refusal(UserNamespaceStep::map_ids, error.error_number())};
  }
  if (::mount("ibuild", "/", "tmpfs", 0, nullptr) != 0) {
    return {explain_refusal(UserNamespaceStep::mount, errno)};
  }
  if (::unshare(CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) != 0) {
    return {explain_refusal(UserNamespaceStep::other_namespaces, errno)};
  }
  const int proc_error = try_to_mount_proc();
  return {why_calls_are_missing(), proc_error};
}

/// "<proc_error>:<why_not>"
[[noreturn]] void try_and_tell(int answer_to) noexcept {
  const Trial trial = try_in_this_process();
  const std::string answer = std::to_string(trial.proc_error) + ":" + trial.why_not;
  const auto written = ::write(answer_to, answer.data(), answer.size());
  ::_exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
}

Trial try_in_a_child() {
  base::Pipe pipe = base::Pipe::open();
  const pid_t child = ::fork();
  if (child < 0) throw base::SystemError("fork", "");
  if (child == 0) try_and_tell(pipe.write_end.get());
  pipe.write_end.reset();
  std::array<char, 4096> answer{};  // one write of no more than PIPE_BUF comes as one read
  ssize_t size = -1;
  while ((size = ::read(pipe.read_end.get(), answer.data(), answer.size())) < 0 && errno == EINTR) {
  }
  exit_code_of(child);
  const std::string_view text(answer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const std::size_t colon = text.find(':');
  const auto proc_error = base::parse_u64(text.substr(0, colon));
  if (!proc_error || colon == std::string_view::npos) {
    return {explain_refusal(UserNamespaceStep::unshare, ECHILD)};
  }
  return {std::string(text.substr(colon + 1)), static_cast<int>(*proc_error)};
}

}  // namespace

bool make_user_namespace() {
  constexpr timespec kPause{0, 5000000};
  constexpr int kTries = 200;  // a second: 20 ms are usual, a machine at its limits takes longer
  for (int tries = 0; ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0; ++tries) {
    if (errno != ENOSPC || tries == kTries) return false;
    if (!forbidden_namespaces().empty()) {
      errno = ENOSPC;
      return false;
    }
    ::nanosleep(&kPause, nullptr);
  }
  return true;
}

bool has_admin_capability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) throw base::SystemError("capget", "");
  return (data[0].effective >> CAP_SYS_ADMIN & 1) != 0;
}

void leave_foreign_mount_namespace() {
  if (is_identity(own_uid_map())) return;
  // The right to mount is looked at first, and the name is none.
  const bool may_mount = ::syscall(SYS_fsopen, nullptr, 0) >= 0 || errno != EPERM;
  if (!may_mount) static_cast<void>(::unshare(CLONE_NEWNS));
}

int error_of_own_proc() {
  const pid_t child = ::fork();
  if (child < 0) throw base::SystemError("fork", "");
  if (child == 0) {
    const bool apart = ::unshare(CLONE_NEWNS | CLONE_NEWPID) == 0 &&
                       ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    ::_exit(apart ? try_to_mount_proc() : errno);
  }
  return exit_code_of(child);
}

UserNamespaceEntry enter_new_user_namespace() {
  using Reached = UserNamespaceEntry::Reached;
  if (std::string why = why_calls_end_us(); !why.empty()) return {Reached::nothing, std::move(why)};
  Trial trial = try_in_a_child();
  if (!trial.why_not.empty()) return {Reached::nothing, std::move(trial.why_not)};
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  GrantedMaps maps = granted_maps();
  UserNamespaceEntry entry{Reached::ranges, maps.why_not, trial.proc_error};
  OutsideHelper helper([&](pid_t pid) { map_from_outside(pid, maps); });
  if (!make_user_namespace()) {
    return {Reached::nothing, explain_refusal(UserNamespaceStep::unshare, errno)};
  }
  if (entry.why_not.empty()) entry.why_not = helper.ask();
  if (!entry.why_not.empty()) {
    // Half a mapping cannot be taken back.
    if (!own_uid_map().empty()) throw base::Error(entry.why_not);
    map_single_id(uid, gid);
    entry.reached = Reached::single_id;
  }
  become_root_inside();
  return entry;
}

}  // namespace ibuild::sandbox
