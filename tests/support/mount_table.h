#pragma once

#include <set>
#include <string>

namespace ibuild::test {

/// Goes into a mount namespace that is a copy of the caller's, in which everything is shared as
/// systemd sets up a machine, but with nobody outside: what other programs mount does not show in
/// it. False where the process may not do that. For passes_in_fork.
[[nodiscard]] bool enter_own_mount_namespace();

/// The ids of what is mounted in this process's mount namespace.
std::set<std::string> mounts_here();

/// Whether something is mounted here that was not there when `before` was taken. Not whether the
/// table is the same: a mount goes away when somebody in another namespace removes the directory
/// under it (Linux 3.18), and the words about one change with names and options.
bool has_new_mounts(const std::set<std::string>& before);

}  // namespace ibuild::test
