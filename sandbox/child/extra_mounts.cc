// mount_extras of sandbox/child/world.h.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/error.h"
#include "base/mount_id.h"
#include "base/owner_record.h"
#include "base/stream.h"
#include "base/text.h"
#include "sandbox/child/mounts.h"
#include "sandbox/child/world.h"
#include "sandbox/fail.h"
#include "sandbox/mount_points.h"
#include "sandbox/path_maker.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

bool is_directory_mount(const MountSpec& mount) {
  return mount.kind == MountSpec::Kind::tmpfs || mount.source_is_directory;
}

/// A mount point below another mount of the spec. Nobody takes it away again, so it must not lie in
/// the root itself.
void make_in_other_mount(const World& world, const MountSpec& mount, std::string_view phase) {
  const std::uint64_t root_id = base::mount_id_of(world.root.get());
  auto make = [&](const MissingName& missing) {
    if (base::mount_id_of(missing.parent_fd) == root_id) return false;
    const char* name = missing.name.c_str();
    const bool made =
        missing.kind == LeafKind::directory
            ? ::mkdirat(missing.parent_fd, name, 0755) == 0
            : base::UniqueFd(::openat(missing.parent_fd, name,
                                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644))
                  .valid();
    // Steps that share a cache may both want it; what is there now is looked at before it is used.
    if (!made && errno != EEXIST)
      fail_with_errno(phase, "make mount point", missing.path.absolute());
    return true;
  };
  const LeafKind kind = is_directory_mount(mount) ? LeafKind::directory : LeafKind::file;
  if (!make_in_root(world.root, mount.target, kind, make)) {
    throw SandboxError(std::string(phase), "no mount point");
  }
}

base::UniqueFd open_mount_target(const World& world, const MountSpec& mount,
                                 std::string_view phase) {
  base::UniqueFd target = try_open_target(phase, world.root, mount.target.str());
  if (!target) {
    make_in_other_mount(world, mount, phase);
    target = open_target(phase, world.root, mount.target.str());
  }
  struct stat info {};
  struct statfs file_system {};
  if (::fstat(target.get(), &info) != 0 || ::fstatfs(target.get(), &file_system) != 0) {
    fail_with_errno(phase, "stat");
  }
  if (file_system.f_type == PROC_SUPER_MAGIC) {
    throw SandboxError(std::string(phase), "the target leads into /proc");
  }
  if (S_ISDIR(info.st_mode) != is_directory_mount(mount)) {
    throw SandboxError(std::string(phase),
                       is_directory_mount(mount)
                           ? "the target is no directory, but the source is"
                           : "the target is a directory, but the source is not");
  }
  return target;
}

base::UniqueFd make_tmpfs(const World& world, const MountSpec& mount, std::string_view phase) {
  std::string mode = "0";
  for (int shift = 9; shift >= 0; shift -= 3) {
    mode += static_cast<char>('0' + (mount.mode >> shift & 7));
  }
  std::vector<MountOption> options = {{"mode", mode}};
  if (mount.size_bytes != 0) options.emplace_back("size", std::to_string(mount.size_bytes));
  return new_mount(phase, "tmpfs", labelled(world.spec, options), MOUNT_ATTR_NOSUID);
}

/// Copies what the source holds; other holders of the descriptor keep their place in it.
void fill_file(int file, const MountSpec& mount, std::string_view phase) {
  struct stat source {};
  if (::fstat(mount.source_fd, &source) != 0) fail_with_errno(phase, "stat");
  base::FdRangeSource from(mount.source_fd, 0, static_cast<std::uint64_t>(source.st_size));
  base::FdSink to(file);
  base::copy_stream(from, to);
  // The owner first: a change of it takes setuid bits away.
  try {
    base::give_file(file, mount.uid, mount.gid);
  } catch (const base::SystemError& failure) {
    if (failure.error_number() == ENOTSUP) {
      throw SandboxError(std::string(phase),
                         "its owner cannot be recorded: tmpfs takes user.* attributes since Linux "
                         "6.6");
    }
    if (failure.error_number() != EINVAL) throw;
    SandboxError error(std::string(phase), "user " + std::to_string(mount.uid) + " or group " +
                                               std::to_string(mount.gid) +
                                               " does not exist in this user namespace");
    error.set_hint("give the user id ranges in /etc/subuid and /etc/subgid, or build as root");
    throw error;
  }
  if (::fchmod(file, mount.mode) != 0) fail_with_errno(phase, "chmod");
}

/// A mount of a file of the scratch, where nothing but this mount leads to once the step runs.
base::UniqueFd make_file(const World& world, const MountSpec& mount, std::string_view phase) {
  const std::string name = "file-" + std::to_string(&mount - world.spec.mounts.data());
  const base::UniqueFd file(::openat(world.scratch.get(), name.c_str(),
                                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) fail_with_errno(phase, "make file");
  fill_file(file.get(), mount, phase);
  base::UniqueFd made = clone_mount(phase, file.get());
  mount_attr change{};
  constexpr std::uint64_t kRunnable = 0111;
  change.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  ((mount.mode & kRunnable) != 0 ? change.attr_clr : change.attr_set) |= MOUNT_ATTR_NOEXEC;
  if (::mount_setattr(made.get(), "", AT_EMPTY_PATH, &change, sizeof change) != 0) {
    fail_with_errno(phase, "set mount attributes");
  }
  return made;
}

/// A bind mount of a part of `tree`. Before Linux 6.15 only what is mounted in this namespace can
/// be cloned, so the whole of it is mounted out of sight, and goes with the scratch.
base::UniqueFd cut_out(const World& world, const MountSpec& mount, int tree,
                       std::string_view phase) {
  const std::string name = "tree-" + std::to_string(&mount - world.spec.mounts.data());
  if (::mkdirat(world.scratch.get(), name.c_str(), 0700) != 0) fail_with_errno(phase, "mkdir");
  attach_mount(phase, tree, open_target(phase, world.scratch, name).get());
  return clone_mount(phase, mount.source_fd);
}

void mount_extra(const World& world, const MountSpec& mount, int source) {
  const std::string phase = "mount " + base::printable(mount.target.absolute());
  base::UniqueFd made;
  if (mount.source_tree_fd >= 0) made = cut_out(world, mount, source, phase);
  if (mount.kind == MountSpec::Kind::tmpfs) made = make_tmpfs(world, mount, phase);
  if (mount.kind == MountSpec::Kind::file) made = make_file(world, mount, phase);
  const int fd = made ? made.get() : source;
  // A device that is bound by itself is meant to work.
  const bool nodev = is_directory_mount(mount) && !world.spec.insecure;
  set_mount_attributes(phase, fd,
                       (nodev ? MOUNT_ATTR_NODEV : 0) | (mount.read_only ? MOUNT_ATTR_RDONLY : 0) |
                           (mount.ignores_setuid ? MOUNT_ATTR_NOSUID : 0),
                       Depth::with_submounts);
  const base::UniqueFd target = open_mount_target(world, mount, phase);
  attach_mount(phase, fd, target.get());
}

}  // namespace

void mount_extras(const World& world, const MountSources& sources) {
  for (const MountSpec* mount : mounts_in_order(world.spec)) {
    const auto index = static_cast<std::size_t>(mount - world.spec.mounts.data());
    mount_extra(world, *mount, sources.mounts[index].get());
  }
}

}  // namespace ibuild::sandbox
