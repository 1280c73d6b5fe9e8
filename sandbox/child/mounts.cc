#include "sandbox/child/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>

#include "base/error.h"
#include "base/text.h"
#include "sandbox/fail.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

base::UniqueFd try_new_mount(const char* type, const std::vector<MountOption>& options,
                             std::uint64_t attributes) {
  const base::UniqueFd context(::fsopen(type, FSOPEN_CLOEXEC));
  if (!context) return {};
  // Shown in /proc/mounts.
  if (::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", type, 0) != 0) return {};
  for (const auto& [key, value] : options) {
    const auto command = value.empty() ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
    const char* text = value.empty() ? nullptr : value.c_str();
    if (::fsconfig(context.get(), command, key.c_str(), text, 0) != 0) return {};
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return {};
  return base::UniqueFd(
      ::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
}

base::UniqueFd new_mount(std::string_view phase, const char* type,
                         const std::vector<MountOption>& options, std::uint64_t attributes) {
  base::UniqueFd mount = try_new_mount(type, options, attributes);
  if (!mount) fail_with_errno(phase, "make file system", type);
  return mount;
}

base::UniqueFd clone_mount(std::string_view phase, int fd, Depth depth) {
  const unsigned recursive = depth == Depth::with_submounts ? AT_RECURSIVE : 0;
  base::UniqueFd mount(
      ::open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive));
  if (!mount) fail_with_errno(phase, "clone mount");
  return mount;
}

void set_mount_attributes(std::string_view phase, int mount, std::uint64_t attributes,
                          Depth depth) {
  if (attributes == 0) return;
  mount_attr change{};
  change.attr_set = attributes;
  const unsigned recursive = depth == Depth::with_submounts ? AT_RECURSIVE : 0;
  if (::mount_setattr(mount, "", AT_EMPTY_PATH | recursive, &change, sizeof change) != 0) {
    fail_with_errno(phase, "set mount attributes");
  }
}

void make_mount_private(std::string_view phase, int mount) {
  mount_attr change{};
  change.propagation = MS_PRIVATE;
  if (::mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change) != 0) {
    fail_with_errno(phase, "make mount private");
  }
}

void attach_mount(std::string_view phase, int mount, int target) {
  if (::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    fail_with_errno(phase, "attach mount");
  }
}

base::UniqueFd try_open_target(std::string_view phase, const base::DirFd& root,
                               std::string_view path) {
  try {
    auto fd =
        base::try_open_at(root, base::RelPath::clean(path), O_PATH, base::Links::follow_in_root);
    return fd ? *std::move(fd) : base::UniqueFd();
  } catch (const base::SystemError& error) {
    throw SandboxError(std::string(phase), error.what());
  }
}

base::UniqueFd open_target(std::string_view phase, const base::DirFd& root, std::string_view path) {
  base::UniqueFd fd = try_open_target(phase, root, path);
  if (!fd) throw SandboxError(std::string(phase), base::printable(path) + " is not there");
  return fd;
}

}  // namespace ibuild::sandbox
