#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "sandbox/child/keeper/task.h"

namespace ibuild::sandbox {

enum class LastLink { stay, follow };

/// O_PATH of what `path` names for `task`, from descriptor `dir_fd` of its own (AT_FDCWD: its
/// working directory) and within its root. /proc/self is the task's.
/// Throws: SystemError with what the task's own call would fail with.
base::UniqueFd open_for(const Task& task, int dir_fd, const std::string& path, LastLink last);

/// The same for a directory by openat2(2) with `resolve`, of which RESOLVE_BENEATH or
/// RESOLVE_IN_ROOT must be part: EXDEV without.
base::UniqueFd open_resolved(const Task& task, int dir_fd, const std::string& path,
                             std::uint64_t resolve);

/// Where something is about to be made: an open directory, and a name that is none of "", ".",
/// "..".
struct NewPlace {
  base::UniqueFd dir;
  std::string name;
};
/// As open_for, for the last name of a path that need not be there. A link there is not followed.
/// Throws: SystemError; EEXIST when the path has no such name.
/// `resolve`: as of openat2(2), and of open_resolved when it is not 0.
NewPlace find_place_for(const Task& task, int dir_fd, const std::string& path,
                        std::uint64_t resolve = 0);

/// The same for a path whose last name is followed when it is a link: where what it leads to
/// stands.
NewPlace find_place_behind(const Task& task, int dir_fd, const std::string& path);

}  // namespace ibuild::sandbox
