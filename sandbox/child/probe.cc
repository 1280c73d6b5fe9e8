#include "sandbox/child/probe.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/kept_owners.h"
#include "base/owner_record.h"
#include "base/scope_exit.h"
#include "base/scratch_dir.h"
#include "base/stream.h"
#include "sandbox/child/emulation.h"
#include "sandbox/child/inner_user_namespace.h"
#include "sandbox/child/keeper/task.h"
#include "sandbox/child/mounts.h"
#include "sandbox/child/private_network.h"
#include "sandbox/enter_user_namespace.h"
#include "sandbox/fail.h"
#include "sandbox/id_map.h"
#include "sandbox/needed_calls.h"
#include "sandbox/root_mount.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

enum class UserNamespace { initial, other };

/// As the working tree of a RUN is made: overlay over plain directories.
void try_overlay_in(int dir, UserNamespace where) {
  constexpr std::string_view kPhase = "mount overlay";
  if (::fchdir(dir) != 0) fail_with_errno(kPhase, "fchdir");
  for (const char* name : {"lower", "upper", "work"}) {
    if (::mkdir(name, 0755) != 0) fail_with_errno(kPhase, "mkdir", name);
  }
  std::vector<MountOption> options = {
      {"lowerdir", "lower"}, {"upperdir", "upper"}, {"workdir", "work"}};
  if (where == UserNamespace::other) options.emplace_back("userxattr", "");
  const base::UniqueFd overlay = new_mount(kPhase, "overlay", options, 0);
  set_mount_attributes(kPhase, overlay.get(), MOUNT_ATTR_NODEV);
}

/// On a tmpfs, which does for overlays everywhere.
void try_overlay(UserNamespace where) {
  constexpr std::string_view kPhase = "mount overlay";
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    fail_with_errno(kPhase, "make mounts private");
  }
  const base::UniqueFd scratch = new_mount(kPhase, "tmpfs", {{"mode", "0755"}}, 0);
  const base::UniqueFd host_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  attach_mount(kPhase, scratch.get(), host_root.get());
  try_overlay_in(scratch.get(), where);
}

void enter_pid_namespace() {
  if (::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) != 0) {
    fail_with_errno("new namespaces", "unshare");
  }
}

int usable(const std::string& reason) {
  std::printf("%s\n", reason.c_str());
  std::fflush(stdout);
  return 0;
}

int refused(const std::string& reason) {
  usable(reason);
  return 1;
}

/// Does something in a child, from which it does not come back; what that throws ends the probe.
template <typename Work>
void try_in_child(std::string_view phase, const Work& work) {
  const pid_t child = ::fork();
  if (child < 0) fail_with_errno(phase, "fork");
  if (child == 0) {
    try {
      work();
    } catch (const std::exception& error) {
      ::_exit(refused(error.what()));
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ::_exit(1);
}

/// A /proc of one's own, which a container with masked paths in its /proc refuses. Requires: the
/// first process in its pid namespace.
void try_proc() {
  constexpr std::string_view kPhase = "mount /proc";
  if (const base::UniqueFd mount = try_new_mount("proc", {}, MOUNT_ATTR_NOSUID)) return;
  throw SandboxError(std::string(kPhase), base::SystemError("make file system", "proc").what() +
                                              std::string(" (") + kMaskedProcAdvice + ")");
}

/// The /proc around us, as a bind mount, and a user namespace for the step alone.
void try_shared_pids() {
  constexpr std::string_view kPhase = "share processes";
  const base::UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc) fail_with_errno(kPhase, "open", "/proc");
  clone_mount(kPhase, proc.get(), Depth::with_submounts);
  enter_inner_user_namespace(kPhase);
}

/// The directory of the store, or the nearest one above it while there is none yet.
base::DirFd open_nearest(std::string path) {
  while (path != "/" && path != "." && ::access(path.c_str(), F_OK) != 0) {
    const std::size_t slash = path.rfind('/');
    path = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  }
  return base::DirFd::open(path);
}

bool is_overlay(const base::DirFd& dir) {
  struct statfs info {};
  return ::fstatfs(dir.get(), &info) == 0 &&
         static_cast<unsigned long>(info.f_type) == OVERLAYFS_SUPER_MAGIC;
}

/// Working trees lie in the store: as overlays, but where that is itself on one, as copies.
void try_store(const std::string& store, UserNamespace where) {
  constexpr const char* kPhase = "use the store";
  try {
    const base::DirFd place = open_nearest(store);
    base::check_keeps_owners(place);
    const auto scratch = base::ScratchDir::make(place);
    base::check_keeps_setuid(scratch.dir());
    if (is_overlay(place)) return;
    try_overlay_in(scratch.dir().get(), where);
    if (::chdir("/") != 0) fail_with_errno(kPhase, "chdir", "/");
  } catch (const base::SystemError& error) {
    SandboxError told(kPhase, error.what());
    told.set_hint(error.hint().empty()
                      ? "choose a directory that you may write to with --root or IBUILD_ROOT"
                      : error.hint());
    throw told;
  }
}

/// A build fails at some place or other with fewer.
std::string why_too_few_files() {
  constexpr rlim_t kFewest = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kFewest) return "";
  return "ibuild may have " + std::to_string(limit.rlim_cur) +
         " files open at once (`ulimit -n`), and a build takes " + std::to_string(kFewest) +
         " and more";
}

struct Trial {
  UserNamespace where;
  PidNamespace pids;
  const std::string& store;
};

void try_everything(const Trial& trial) {
  for (const std::string& why_not :
       {why_calls_are_missing(), why_mounts_would_show(), why_too_few_files()}) {
    if (!why_not.empty()) throw base::Error(why_not);
  }
  // Root covered by a scratch is not let into a new user namespace.
  if (trial.pids == PidNamespace::shared) try_in_child("share processes", try_shared_pids);
  try_store(trial.store, trial.where);
  enter_pid_namespace();
  try_overlay(trial.where);
  if (trial.pids == PidNamespace::own) try_in_child("mount /proc", try_proc);
}

/// A filter with somebody who listens, of which each process can have one only.
void try_listener() {
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog program{1, &allow};
  const long fd =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (fd >= 0) return;
  const std::string why = errno == EBUSY ? " (somebody around ibuild listens already)" : "";
  throw SandboxError("record owners", base::SystemError("listen to system calls", "").what() + why);
}

/// As a keeper looks at who asks it.
void try_to_read_memory() {
  base::Pipe pipe = base::Pipe::open();
  const pid_t child = ::fork();
  if (child < 0) fail_with_errno("record owners", "fork");
  if (child == 0) {
    pipe.write_end.reset();
    char end = 0;
    static_cast<void>(::read(pipe.read_end.get(), &end, 1));
    ::_exit(0);
  }
  const base::ScopeExit reap([&] {
    pipe.write_end.reset();
    ::waitpid(child, nullptr, 0);
  });
  require_readable_memory(child);
}

int probe_root(const std::string& store) {
  if (!has_admin_capability())
    return refused("this process lacks CAP_SYS_ADMIN; run ibuild as root");
  if (!is_identity(own_uid_map())) {
    return refused("root of a user namespace only; see profile rootless");
  }
  if (const std::string why_not = why_calls_end_us(); !why_not.empty()) return refused(why_not);
  try_everything({UserNamespace::initial, PidNamespace::own, store});
  return usable("root with CAP_SYS_ADMIN; overlay with trusted xattrs");
}

int probe_user_namespace(PidNamespace pids, const std::string& store) {
  std::string note = "user namespace with the ids of this container; overlay with user xattrs";
  const bool is_root = has_admin_capability() && is_identity(own_uid_map());
  if (is_root && pids == PidNamespace::own) return refused("root uses the profile root");
  if (!has_admin_capability() || is_root) {
    const UserNamespaceEntry entry = enter_new_user_namespace();
    if (entry.reached == UserNamespaceEntry::Reached::nothing) return refused(entry.why_not);
    if (pids == PidNamespace::own && entry.proc_error != 0) {
      return refused(explain_refusal(UserNamespaceStep::mount_proc, entry.proc_error));
    }
    note = entry.reached == UserNamespaceEntry::Reached::ranges
               ? "user namespace with id ranges; overlay with user xattrs"
               : "user namespace with one id; owners are recorded: " + entry.why_not;
  } else {
    if (const std::string why_not = why_calls_end_us(); !why_not.empty()) return refused(why_not);
    leave_foreign_mount_namespace();
  }
  const bool records_owners = base::must_record_owners();
  if (records_owners) try_to_read_memory();
  try_everything({UserNamespace::other, pids, store});
  if (records_owners) try_listener();
  if (pids == PidNamespace::shared) {
    note += "; steps share the processes and /proc of the container around ibuild";
  }
  return usable(note);
}

/// The whole way in a directory of its own, in a child, as nobody comes back from a changed root.
void try_changed_root(const base::DirFd& dir) {
  constexpr std::string_view kPhase = "change root";
  if (::mknodat(dir.get(), "null", S_IFCHR | 0666, makedev(1, 3)) != 0) {
    fail_with_errno(kPhase, "make a device (CAP_MKNOD)");
  }
  const base::UniqueFd device(::openat(dir.get(), "null", O_WRONLY | O_CLOEXEC));
  if (!device) fail_with_errno(kPhase, "open a device made in", dir.shown_as());
  if (::fchdir(dir.get()) != 0 || ::chroot(".") != 0) {
    fail_with_errno(kPhase, "chroot (CAP_SYS_CHROOT)");
  }
  if (::fchownat(dir.get(), "null", 1, 1, 0) != 0) fail_with_errno(kPhase, "chown (CAP_CHOWN)");
  if (::prctl(PR_CAPBSET_DROP, CAP_SYS_CHROOT, 0, 0, 0) != 0) {
    fail_with_errno(kPhase, "drop a capability (CAP_SETPCAP)");
  }
}

/// Those that a changed root takes and this process has not, by name; all are among Docker's.
std::string missing_for_changed_root() {
  constexpr std::array<std::pair<int, const char*>, 4> kNeeded = {
      {{CAP_MKNOD, "CAP_MKNOD"},
       {CAP_SYS_CHROOT, "CAP_SYS_CHROOT"},
       {CAP_CHOWN, "CAP_CHOWN"},
       {CAP_SETPCAP, "CAP_SETPCAP"}}};
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) fail_with_errno("change root", "capget");
  std::string missing;
  for (const auto& [capability, name] : kNeeded) {
    if ((data[0].effective >> capability & 1) == 0)
      missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  return missing;
}

/// Programs and devices of a changed root lie in the store, mounted as that is. Empty when they
/// work.
std::string why_no_root_in(const base::DirFd& dir) {
  struct statvfs info {};
  if (::fstatvfs(dir.get(), &info) != 0) fail_with_errno("change root", "fstatvfs");
  const char* option = (info.f_flag & ST_NOEXEC) != 0  ? "noexec"
                       : (info.f_flag & ST_NODEV) != 0 ? "nodev"
                                                       : nullptr;
  if (option == nullptr) return "";
  return "the file system of " + dir.shown_as() + " is mounted " + option +
         "; put the store (IBUILD_ROOT) elsewhere";
}

int probe_chroot(const std::string& store) {
  if (const std::string missing = missing_for_changed_root(); !missing.empty()) {
    return refused(::geteuid() == 0
                       ? "root lacks " + missing + "; start the container with it (--cap-add)"
                       : "for root, as of a container; this user lacks " + missing);
  }
  for (const std::string& why_not : {why_too_few_files(), why_calls_of_changed_root_end_us()}) {
    if (!why_not.empty()) return refused(why_not);
  }
  const base::DirFd place = open_nearest(store);
  if (const std::string why_not = why_no_root_in(place); !why_not.empty()) return refused(why_not);
  base::check_keeps_owners(place);
  const auto scratch = base::ScratchDir::make(place);
  base::check_keeps_setuid(scratch.dir());
  const pid_t child = ::fork();
  if (child < 0) fail_with_errno("change root", "fork");
  if (child == 0) {
    try {
      try_changed_root(scratch.dir());
    } catch (const std::exception& error) {
      ::_exit(refused(std::string(error.what()) +
                      "; it takes a container's root, of no user namespace, with Docker's rights"));
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return 1;
  return usable("changed root on copies of the layers; no namespaces, /proc and /sys are empty");
}

/// As steps get it with --network=private.
int probe_network() {
  if (!has_admin_capability()) {
    const UserNamespaceEntry entry = enter_new_user_namespace();
    if (entry.reached == UserNamespaceEntry::Reached::nothing) return refused(entry.why_not);
  }
  try {
    try_network();
  } catch (const SandboxError& error) {
    return refused(error.detail() + (error.hint().empty() ? "" : " (" + error.hint() + ")"));
  }
  return usable("pasta");
}

/// Registers an emulator that takes no program at all.
int probe_emulation() {
  if (!has_admin_capability()) {
    const UserNamespaceEntry entry = enter_new_user_namespace();
    if (entry.reached == UserNamespaceEntry::Reached::nothing) return refused(entry.why_not);
  }
  const base::UniqueFd own(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!own) fail_with_errno("open own binary", "open", "/proc/self/exe");
  const std::string nothing(20, '\x01');
  enter_emulation({{"ibuild-probe", nothing, std::string(nothing.size(), '\xff'), own.get()}});
  return usable("a binfmt_misc of one's own");
}

/// Ctrl-C goes to us as well, who are soon done, and have made what is to be removed.
void finish_in_spite_of_signals() {
  sigset_t polite;
  ::sigemptyset(&polite);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) ::sigaddset(&polite, signal);
  ::sigprocmask(SIG_BLOCK, &polite, nullptr);
}

}  // namespace

int run_probe(std::string_view profile, const std::string& store) {
  finish_in_spite_of_signals();
  try {
    if (profile == "emulation") return probe_emulation();
    if (profile == "private") return probe_network();
    if (profile == "root") return probe_root(store);
    if (profile == "rootless") return probe_user_namespace(PidNamespace::own, store);
    if (profile == "shared-pids") return probe_user_namespace(PidNamespace::shared, store);
    if (profile == "chroot") return probe_chroot(store);
    return refused("unknown profile");
  } catch (const base::Error& error) {
    return refused(error.what() + (error.hint().empty() ? "" : " (" + error.hint() + ")"));
  } catch (const std::exception& error) {
    return refused(error.what());
  }
}

}  // namespace ibuild::sandbox
