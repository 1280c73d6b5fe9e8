#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ibuild::sandbox {

/// Which rights this process builds with.
enum class Privilege {
  root,             // CAP_SYS_ADMIN where it stands: mounts work as they are
  rootless_ranges,  // own user namespace with subuid/subgid ranges mapped
  rootless_single,  // own user namespace with one id mapped
  none,             // no user namespace to be had
};

/// Called by main() before any thread starts, for commands that may run steps or unpack layers. As
/// root with CAP_SYS_ADMIN: does nothing. Else re-executes the program once in a new user and mount
/// namespace (ids mapped through newuidmap/newgidmap where /etc/subuid and /etc/subgid grant
/// ranges, else one id), where it sees itself as root; the environment variable IBUILD_USERNS tells
/// the second run what it is. Inside a user namespace that somebody else has made and where we have
/// CAP_SYS_ADMIN, it does nothing as well and says rootless_…. Gives what was reached; `none` with
/// the reason in `why_not` when the kernel or the system refuses. With rootless_single `why_not`
/// says why it is one id only. Requires: one thread. Throws: SystemError, Error when the process is
/// left in a namespace in which it cannot go on.
Privilege enter_user_namespace(int argc, char** argv, std::string& why_not);

/// Empty when steps of this process can have a /proc, and with it processes, of their own; else why
/// not. Requires: enter_user_namespace() has given something else than `none`; one thread. Throws:
/// SystemError.
std::string why_no_own_proc();

/// The user who started ibuild, also inside the user namespace.
uid_t real_uid();

/// One row of `ibuild doctor`.
struct ProfileProbe {
  std::string profile;  // "root", "rootless", "shared-pids", "chroot", "none"
  bool usable = false;
  std::string reason;  // why not, and what to do about it; or what it rests on
};
/// Tries one of them, but "none", for real, in a short-lived child. `store`: the host path where
/// steps' roots are to be, whether or not it is there yet.
ProfileProbe probe_profile(const std::string& profile, const std::string& store = "/tmp");
/// Whether steps can have a network of their own (NetworkMode::own): connects one, in a short-lived
/// child. `profile` is "private".
ProfileProbe probe_private_network();
/// Tries each profile for real (in short-lived children) and says what works. Leaves nothing
/// behind.
std::vector<ProfileProbe> probe_profiles(const std::string& store = "/tmp");

}  // namespace ibuild::sandbox
