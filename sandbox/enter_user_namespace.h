#pragma once

#include <optional>
#include <string>

namespace ibuild::sandbox {

/// How far this process got on its way into a new user and mount namespace.
struct UserNamespaceEntry {
  enum class Reached {
    nothing,    // still where it was; `why_not` says what refused
    single_id,  // root inside is the old user, and there is no other id; `why_not` says why
    ranges,     // more ids are mapped
  };
  Reached reached = Reached::nothing;
  std::string why_not;
  /// What mounting a /proc of a pid namespace of one's own fails with there (errno); 0: it works.
  int proc_error = 0;
};

/// Moves the calling process into a new user namespace as its root, and a new mount namespace.
/// Tries in a child first, so that nothing has happened when the system refuses. Requires: one
/// thread. Throws: SystemError, Error when it got stuck half-way.
UserNamespaceEntry enter_new_user_namespace();

/// unshare(2) of a user and a mount namespace. Where few are allowed it waits for those that are
/// going: the kernel counts one for some milliseconds after the end of its last process. False when
/// it is refused; errno says why. Requires: one thread.
bool make_user_namespace();

/// For root of a user namespace that was made without a mount namespace (unshare -r, PrivateUsers=
/// of a systemd unit): moves into one that it may mount in. Does nothing elsewhere, nor where that
/// is refused. Requires: one thread.
void leave_foreign_mount_namespace();

/// What mounting a /proc of a pid namespace of one's own fails with here (errno); 0: it works.
/// Tried in a child. Throws: SystemError.
int error_of_own_proc();

/// Words for a refusal of unshare(CLONE_NEWUSER), of the id maps, or of what a step needs in it,
/// with the knob to turn.
enum class UserNamespaceStep { unshare, map_ids, mount, other_namespaces, mount_proc };
std::string explain_refusal(UserNamespaceStep step, int error_number);

/// What a container has to have for a /proc of one's own.
inline constexpr const char* kMaskedProcAdvice =
    "a container must not mask paths of /proc for that: podman --security-opt unmask=ALL, "
    "docker --security-opt systempaths=unconfined";

/// True when this process has CAP_SYS_ADMIN in its user namespace.
bool has_admin_capability();

}  // namespace ibuild::sandbox
