#include "sandbox/child/world.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/mount_id.h"
#include "base/stream.h"
#include "sandbox/child/exec_label.h"
#include "sandbox/child/hooks.h"
#include "sandbox/child/mounts.h"
#include "sandbox/child/private_network.h"
#include "sandbox/fail.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

/// Device nodes on what a step can write would open the host's disks to a step of root, who has
/// CAP_MKNOD: only the nodes that mount_dev binds work.
std::uint64_t no_devices(const SandboxSpec& spec) { return spec.insecure ? 0 : MOUNT_ATTR_NODEV; }

void raise_loopback() {
  constexpr std::string_view kPhase = "raise loopback";
  const base::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) fail_with_errno(kPhase, "socket");
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) fail_with_errno(kPhase, "set flags");
}

void set_host_name(const SandboxSpec& spec) {
  constexpr std::string_view kPhase = "set host name";
  if (::sethostname(spec.hostname.data(), spec.hostname.size()) != 0) {
    // A namespace of our own lets us: it is a filter around us, as of a container. Its name does.
    if (errno == EPERM) return;
    fail_with_errno(kPhase, "sethostname", spec.hostname);
  }
  // The host's NIS domain is none of the step's business; this is what the kernel starts with.
  constexpr std::string_view kNone = "(none)";
  if (::setdomainname(kNone.data(), kNone.size()) != 0) fail_with_errno(kPhase, "setdomainname");
}

base::DirFd attach_scratch(const SandboxSpec& spec) {
  constexpr std::string_view kPhase = "mount scratch";
  base::UniqueFd mount = new_mount(kPhase, "tmpfs", labelled(spec, {{"mode", "0755"}}),
                                   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  const base::UniqueFd host_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!host_root) fail_with_errno(kPhase, "open", "/");
  attach_mount(kPhase, mount.get(), host_root.get());
  return {std::move(mount), "/"};
}

/// Out of sight, or where hooks look for it.
base::UniqueFd open_place_of_root(std::string_view phase, const SandboxSpec& spec,
                                  const base::DirFd& scratch) {
  if (spec.bundle.empty()) {
    if (::mkdirat(scratch.get(), "root", 0700) != 0) fail_with_errno(phase, "mkdir");
    return open_target(phase, scratch, "root");
  }
  const std::string path = spec.bundle + "/rootfs";
  base::UniqueFd place(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place) fail_with_errno(phase, "open", path);
  return place;
}

base::DirFd attach_root(const SandboxSpec& spec, const base::DirFd& scratch, base::UniqueFd root) {
  constexpr std::string_view kPhase = "attach root";
  set_mount_attributes(kPhase, root.get(),
                       no_devices(spec) | (spec.root_read_only ? MOUNT_ATTR_RDONLY : 0));
  attach_mount(kPhase, root.get(), open_place_of_root(kPhase, spec, scratch).get());
  return {std::move(root), "/"};
}

void unmount(std::string_view phase, int place, const char* what) {
  if (::fchdir(place) != 0) fail_with_errno(phase, "fchdir");
  if (::umount2(".", MNT_DETACH) != 0) fail_with_errno(phase, what);
}

/// Puts what is the root now on top of the new one.
bool try_pivot(std::string_view phase, const World& world) {
  if (::fchdir(world.root.get()) != 0) fail_with_errno(phase, "fchdir");
  if (::syscall(SYS_pivot_root, ".", ".") == 0) return true;
  if (errno != EINVAL) fail_with_errno(phase, "pivot_root");
  return false;
}

/// For a host whose root cannot be put aside, as nothing lies below it (an initramfs): it stays
/// below the new root, out of reach, and the scratch, which covers it, is put aside.
void pivot_from_scratch(std::string_view phase, const World& world) {
  if (::fchdir(world.scratch.get()) != 0) fail_with_errno(phase, "fchdir");
  if (::chroot(".") != 0) fail_with_errno(phase, "chroot", "scratch");
  if (!try_pivot(phase, world)) fail_with_errno(phase, "pivot_root");
  unmount(phase, world.scratch.get(), "umount scratch");
}

/// Changes to the new root and lets go of everything of the host.
void switch_root(const World& world) {
  constexpr std::string_view kPhase = "switch root";
  const base::UniqueFd old_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!old_root) fail_with_errno(kPhase, "open", "/");
  if (try_pivot(kPhase, world)) {
    // The old root lies on top of the new one now, and on it the scratch; umount takes the topmost.
    unmount(kPhase, old_root.get(), "umount scratch");
    unmount(kPhase, old_root.get(), "umount old root");
  } else {
    pivot_from_scratch(kPhase, world);
  }
  if (::chdir("/") != 0) fail_with_errno(kPhase, "chdir", "/");
  // Walking up from the root ends in whatever lies on top of it.
  if (base::mount_id_of(AT_FDCWD, "/..") != base::mount_id_of(AT_FDCWD, "/")) {
    throw SandboxError(std::string(kPhase), "something is mounted over the new root");
  }
}

void bind_text(const World& world, const char* name, std::string_view text) {
  const std::string path = std::string("etc/") + name;
  const std::string phase = "mount /" + path;
  const base::UniqueFd file(
      ::openat(world.scratch.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file) fail_with_errno(phase, "make file");
  base::FdSink(file.get()).write(base::as_bytes(text));
  const base::UniqueFd mount = clone_mount(phase, file.get());
  set_mount_attributes(
      phase, mount.get(),
      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  const base::UniqueFd target = open_target(phase, world.root, path);
  attach_mount(phase, mount.get(), target.get());
}

}  // namespace

std::vector<MountOption> labelled(const SandboxSpec& spec, std::vector<MountOption> options) {
  const std::string& label = spec.labels.selinux_files;
  if (!label.empty() && !spec.insecure) options.emplace_back("context", label);
  return options;
}

MountSources take_sources(const SandboxSpec& spec) {
  constexpr std::string_view kPhase = "take mount source";
  auto take = [&](int fd, bool detached, Depth depth) {
    base::UniqueFd mount =
        detached ? base::UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)) : clone_mount(kPhase, fd, depth);
    if (!mount) fail_with_errno(kPhase, "dup");
    make_mount_private(kPhase, mount.get());
    return mount;
  };
  MountSources sources;
  sources.root = take(spec.root_fd, spec.root_is_detached_mount, Depth::this_mount);
  for (const MountSpec& mount : spec.mounts) {
    if (mount.kind != MountSpec::Kind::bind) {  // made by mount_extras
      sources.mounts.emplace_back();
    } else if (mount.source_tree_fd >= 0) {
      sources.mounts.push_back(take(mount.source_tree_fd, true, Depth::this_mount));
    } else {
      sources.mounts.push_back(
          take(mount.source_fd, mount.source_is_detached_mount, Depth::with_submounts));
    }
  }
  return sources;
}

void enter_namespaces(const SandboxSpec& spec, const Channel& aid) {
  const int network = spec.network != NetworkMode::host ? CLONE_NEWNET : 0;
  if (::unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | network) != 0) {
    fail_with_errno("new namespaces", "unshare");
  }
  // Nothing that is mounted from here on is to be seen outside.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    fail_with_errno("make mounts private", "mount", "/");
  }
  if (network != 0) raise_loopback();
  if (spec.network == NetworkMode::own) ask_for_network(aid);
  set_host_name(spec);
}

void mount_network_files(const World& world) {
  if (!world.spec.resolv_conf.empty()) {
    bind_text(world, "resolv.conf", world.spec.resolv_conf);
  }
  if (!world.spec.hosts.empty()) bind_text(world, "hosts", world.spec.hosts);
}

void build_world(const SandboxSpec& spec, const StepContext& context, MountSources sources,
                 const Channel& aid) {
  base::DirFd scratch = attach_scratch(spec);
  base::DirFd root = attach_root(spec, scratch, std::move(sources.root));
  const World world{spec, context, std::move(scratch), std::move(root)};
  mount_network_files(
      world);  // first: a link of the image into /dev or /proc must not meet the real ones
  mount_proc(world);
  mount_dev(world);
  mount_sys(world);
  mount_cgroup(world);
  mask_paths(world);
  mount_extras(world, sources);
  if (!spec.hooks.empty()) run_hooks_before_switch(spec, world.root.get(), aid);
  set_exec_label(spec);  // hooks are not held to it, and /proc is still the one around us
  switch_root(world);
}

}  // namespace ibuild::sandbox
