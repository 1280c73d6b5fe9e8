// mount_proc and mount_sys of sandbox/child/world.h.
#include <fcntl.h>
#include <sys/mount.h>

#include <string>

#include "sandbox/child/mounts.h"
#include "sandbox/child/world.h"
#include "sandbox/fail.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr std::uint64_t kPlain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr std::uint64_t kReadOnly = kPlain | MOUNT_ATTR_RDONLY;

/// A target that no link of the image may lead elsewhere: a /proc that is not at /proc is of no use
/// and a known trap.
base::UniqueFd open_plain_directory(const World& world, const char* name, std::string_view phase) {
  base::UniqueFd fd(
      ::openat(world.root.get(), name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC));
  if (fd) return fd;
  throw SandboxError(std::string(phase),
                     "/" + std::string(name) + " of the image is a link or no directory");
}

/// Needs a network namespace that is ours; in a user namespace with the host's network it is not.
base::UniqueFd make_sysfs(const World& world, std::string_view phase) {
  const std::uint64_t attributes = world.spec.insecure ? kPlain : kReadOnly;
  base::UniqueFd mount = try_new_mount("sysfs", {}, attributes);
  if (mount) return mount;
  const base::UniqueFd host(::open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!host) fail_with_errno(phase, "open", "/sys");
  mount = clone_mount(phase, host.get(), Depth::with_submounts);
  set_mount_attributes(phase, mount.get(), attributes, Depth::with_submounts);
  return mount;
}

/// The one around us, with all that is mounted over parts of it.
base::UniqueFd clone_own_proc(std::string_view phase) {
  const base::UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc) fail_with_errno(phase, "open", "/proc");
  base::UniqueFd mount = clone_mount(phase, proc.get(), Depth::with_submounts);
  set_mount_attributes(phase, mount.get(), kPlain);
  return mount;
}

}  // namespace

void mount_proc(const World& world) {
  constexpr std::string_view kPhase = "mount /proc";
  const bool is_shared = world.context.confinement == Confinement::shared_pids;
  const base::UniqueFd mount =
      is_shared ? clone_own_proc(kPhase) : new_mount(kPhase, "proc", {}, kPlain);
  attach_mount(kPhase, mount.get(), open_plain_directory(world, "proc", kPhase).get());
}

void mount_sys(const World& world) {
  constexpr std::string_view kPhase = "mount /sys";
  const base::UniqueFd mount = make_sysfs(world, kPhase);
  attach_mount(kPhase, mount.get(), open_plain_directory(world, "sys", kPhase).get());
}

}  // namespace ibuild::sandbox
