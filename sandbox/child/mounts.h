#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fs_at.h"
#include "base/unique_fd.h"

/// The mount calls by descriptor (Linux 5.2, mount_setattr: 5.12): a mount is made detached, gets
/// its attributes, and is attached where a descriptor points, so that no path is looked up twice.
/// All throw SandboxError with the given phase.
namespace ibuild::sandbox {

using MountOption = std::pair<std::string, std::string>;  // an empty value: a flag

/// A new file system of `type`, attached nowhere. `attributes`: MOUNT_ATTR_….
base::UniqueFd new_mount(std::string_view phase, const char* type,
                         const std::vector<MountOption>& options, std::uint64_t attributes);
/// As new_mount; an invalid descriptor and errno when the file system cannot be made.
base::UniqueFd try_new_mount(const char* type, const std::vector<MountOption>& options,
                             std::uint64_t attributes);

enum class Depth { this_mount, with_submounts };
/// A detached bind mount of what `fd` stands for.
base::UniqueFd clone_mount(std::string_view phase, int fd, Depth depth = Depth::this_mount);
void set_mount_attributes(std::string_view phase, int mount, std::uint64_t attributes,
                          Depth depth = Depth::this_mount);
/// Cuts a mount and those below it off from their peers: what is mounted in it shows nowhere else.
void make_mount_private(std::string_view phase, int mount);
/// Mounts over the file or directory that `target` stands for. `mount` keeps standing for the
/// mount.
void attach_mount(std::string_view phase, int mount, int target);

/// O_PATH of something below `root`, links followed with `root` as "/".
base::UniqueFd open_target(std::string_view phase, const base::DirFd& root, std::string_view path);
/// As open_target; invalid when nothing is there.
base::UniqueFd try_open_target(std::string_view phase, const base::DirFd& root,
                               std::string_view path);

}  // namespace ibuild::sandbox
