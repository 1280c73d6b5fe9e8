// mask_paths of sandbox/child/world.h.
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>

#include "sandbox/child/mounts.h"
#include "sandbox/child/world.h"
#include "sandbox/fail.h"

namespace ibuild::sandbox {

namespace {

constexpr std::string_view kPhase = "mask paths";
constexpr std::uint64_t kPlain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/// Docker's, as BuildKit takes them.
constexpr std::array<const char*, 11> kMasked = {"proc/acpi",
                                                 "proc/asound",
                                                 "proc/kcore",
                                                 "proc/keys",
                                                 "proc/latency_stats",
                                                 "proc/timer_list",
                                                 "proc/timer_stats",
                                                 "proc/sched_debug",
                                                 "proc/scsi",
                                                 "sys/firmware",
                                                 "sys/devices/virtual/powercap"};
constexpr std::array<const char*, 5> kWriteProtected = {"proc/bus", "proc/fs", "proc/irq",
                                                        "proc/sys", "proc/sysrq-trigger"};

bool is_directory(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail_with_errno(kPhase, "stat");
  return S_ISDIR(info.st_mode);
}

/// An empty directory and an empty file that nobody can write.
class Masks {
 public:
  explicit Masks(const World& world) {
    if (::mkdirat(world.scratch.get(), "masked", 0755) != 0) fail_with_errno(kPhase, "mkdir");
    directory_ = open_target(kPhase, world.scratch, "masked");
    file_ = open_target(kPhase, world.root, "dev/null");
  }
  void put_over(int target) const {
    const bool directory = is_directory(target);
    const base::UniqueFd mount = clone_mount(kPhase, directory ? directory_.get() : file_.get());
    // The file is a device, and has to stay one.
    set_mount_attributes(kPhase, mount.get(),
                         MOUNT_ATTR_RDONLY | (directory ? kPlain : MOUNT_ATTR_NOSUID));
    attach_mount(kPhase, mount.get(), target);
  }

 private:
  base::UniqueFd directory_;
  base::UniqueFd file_;
};

void write_protect(int target) {
  const base::UniqueFd mount = clone_mount(kPhase, target, Depth::with_submounts);
  set_mount_attributes(kPhase, mount.get(), kPlain | MOUNT_ATTR_RDONLY, Depth::with_submounts);
  attach_mount(kPhase, mount.get(), target);
}

}  // namespace

void mask_paths(const World& world) {
  if (world.spec.insecure) return;
  const Masks masks(world);
  for (const char* path : kMasked) {
    const base::UniqueFd target = try_open_target(kPhase, world.root, path);
    if (target) masks.put_over(target.get());
  }
  for (const char* path : kWriteProtected) {
    const base::UniqueFd target = try_open_target(kPhase, world.root, path);
    if (target) write_protect(target.get());
  }
}

}  // namespace ibuild::sandbox
