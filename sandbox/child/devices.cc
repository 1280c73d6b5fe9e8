// mount_dev of sandbox/child/world.h.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "sandbox/child/mounts.h"
#include "sandbox/child/world.h"
#include "sandbox/fail.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr std::string_view kPhase = "mount /dev";

struct Device {
  const char* name;
  unsigned major;
  unsigned minor;
};

/// See: Documentation/admin-guide/devices.txt
constexpr std::array<Device, 6> kDevices = {{{"null", 1, 3},
                                             {"zero", 1, 5},
                                             {"full", 1, 7},
                                             {"random", 1, 8},
                                             {"urandom", 1, 9},
                                             {"tty", 5, 0}}};
/// What a privileged step gets besides, where the host has it.
constexpr std::array<const char*, 14> kPrivilegedDevices = {
    "kmsg",  "cuse",  "fuse",  "kvm",   "net/tun", "loop-control", "loop0",
    "loop1", "loop2", "loop3", "loop4", "loop5",   "loop6",        "loop7"};

struct Link {
  const char* name;
  const char* target;
};
constexpr std::array<Link, 6> kLinks = {{{"fd", "/proc/self/fd"},
                                         {"stdin", "/proc/self/fd/0"},
                                         {"stdout", "/proc/self/fd/1"},
                                         {"stderr", "/proc/self/fd/2"},
                                         {"core", "/proc/kcore"},
                                         {"ptmx", "pts/ptmx"}}};

/// The host's own node, when mknod(2) is not for us (in a user namespace).
base::UniqueFd open_host_node(const Device& device) {
  const std::string path = std::string("/dev/") + device.name;
  base::UniqueFd node(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!node) fail_with_errno(kPhase, "open", path);
  struct stat info {};
  if (::fstat(node.get(), &info) != 0) fail_with_errno(kPhase, "stat", path);
  if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(device.major, device.minor)) {
    throw SandboxError(std::string(kPhase),
                       "the host's " + path + " is not the device of that name");
  }
  return node;
}

base::UniqueFd open_node(const World& world, const Device& device) {
  const int scratch = world.scratch.get();
  if (::mknodat(scratch, device.name, S_IFCHR | 0666, makedev(device.major, device.minor)) != 0) {
    if (errno != EPERM) fail_with_errno(kPhase, "mknod", device.name);
    return open_host_node(device);
  }
  if (::fchmodat(scratch, device.name, 0666, 0) != 0) fail_with_errno(kPhase, "chmod");
  return open_target(kPhase, world.scratch, device.name);
}

/// Binds `node` as a file of /dev. /dev itself is nodev, so that a step of root, who may make
/// nodes, cannot open the ones it makes.
void bind_node(const base::DirFd& dev, int node, const char* name) {
  const base::UniqueFd place(
      ::openat(dev.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!place) fail_with_errno(kPhase, "make file", name);
  const base::UniqueFd mount = clone_mount(kPhase, node);
  set_mount_attributes(kPhase, mount.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  const base::UniqueFd target = open_target(kPhase, dev, name);
  attach_mount(kPhase, mount.get(), target.get());
}

void make_directory(const base::DirFd& dev, const char* name) {
  if (::mkdirat(dev.get(), name, 0755) != 0) fail_with_errno(kPhase, "mkdir", name);
}

void bind_privileged_nodes(const base::DirFd& dev) {
  make_directory(dev, "net");
  for (const char* name : kPrivilegedDevices) {
    const std::string path = std::string("/dev/") + name;
    const base::UniqueFd node(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (node) bind_node(dev, node.get(), name);
  }
}

void mount_below(const base::DirFd& dev, const char* name, int mount) {
  const base::UniqueFd target = open_target(kPhase, dev, name);
  attach_mount(kPhase, mount, target.get());
}

void mount_pts(const World& world, const base::DirFd& dev) {
  constexpr const char* kPhasePts = "mount /dev/pts";
  constexpr auto kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  constexpr std::uint32_t kTtyGroup = 5;
  make_directory(dev, "pts");
  std::vector<MountOption> options = {{"newinstance", ""}, {"ptmxmode", "0666"}, {"mode", "0620"}};
  if (maps_id(world.context.gids, kTtyGroup)) options.emplace_back("gid", "5");
  const base::UniqueFd mount =
      new_mount(kPhasePts, "devpts", labelled(world.spec, options), kAttributes);
  mount_below(dev, "pts", mount.get());
}

void mount_shm(const World& world, const base::DirFd& dev) {
  constexpr const char* kPhaseShm = "mount /dev/shm";
  constexpr auto kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV;
  make_directory(dev, "shm");
  const std::uint64_t size = world.spec.shm_size_bytes;
  std::vector<MountOption> options = {{"mode", "1777"}};
  if (size != 0) options.emplace_back("size", std::to_string(size));
  const base::UniqueFd mount =
      new_mount(kPhaseShm, "tmpfs", labelled(world.spec, options), kAttributes);
  mount_below(dev, "shm", mount.get());
}

void mount_mqueue(const base::DirFd& dev) {
  make_directory(dev, "mqueue");
  const base::UniqueFd mount =
      try_new_mount("mqueue", {}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV);
  if (mount) return mount_below(dev, "mqueue", mount.get());
  // A kernel without POSIX message queues has nothing to show.
  if (errno != ENODEV) fail_with_errno("mount /dev/mqueue", "make file system", "mqueue");
}

}  // namespace

void mount_dev(const World& world) {
  const std::uint64_t nodev = world.spec.insecure ? 0 : MOUNT_ATTR_NODEV;
  const auto options = labelled(world.spec, {{"mode", "0755"}, {"size", "65536k"}});
  base::UniqueFd mount =
      new_mount(kPhase, "tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME | nodev);
  const base::UniqueFd target = open_target(kPhase, world.root, "dev");
  attach_mount(kPhase, mount.get(), target.get());
  const base::DirFd dev(std::move(mount), "/dev");
  for (const Device& device : kDevices) {
    bind_node(dev, open_node(world, device).get(), device.name);
  }
  if (world.spec.insecure) bind_privileged_nodes(dev);
  for (const Link& link : kLinks) {
    if (::symlinkat(link.target, dev.get(), link.name) != 0) {
      fail_with_errno(kPhase, "symlink", link.name);
    }
  }
  mount_pts(world, dev);
  mount_shm(world, dev);
  mount_mqueue(dev);
}

}  // namespace ibuild::sandbox
