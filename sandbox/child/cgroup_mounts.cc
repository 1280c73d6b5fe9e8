// mount_cgroup of sandbox/child/world.h. See: cgroups(7), cgroup_namespaces(7).
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "sandbox/child/mounts.h"
#include "sandbox/child/world.h"
#include "sandbox/fail.h"

namespace ibuild::sandbox {

namespace {

constexpr std::string_view kPhase = "mount /sys/fs/cgroup";
constexpr std::uint64_t kPlain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

bool host_has_unified_hierarchy() {
  struct statfs info {};
  return ::statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

/// The version 1 hierarchies of /proc/self/cgroup: "cpu,cpuacct" or "name=systemd".
std::vector<std::string> version1_hierarchies() {
  const auto text = base::try_read_host_file("/proc/self/cgroup", 64 << 10);
  std::vector<std::string> hierarchies;
  for (std::string_view line : base::split(text ? *text : std::string_view(), '\n')) {
    const auto fields = base::split(line, ':');  // number, hierarchy, path
    if (fields.size() >= 3 && !fields[1].empty()) hierarchies.emplace_back(fields[1]);
  }
  return hierarchies;
}

std::vector<MountOption> hierarchy_options(std::string_view hierarchy, std::string_view name) {
  if (name != hierarchy) return {{"none", ""}, {"name", std::string(name)}};
  std::vector<MountOption> options;
  for (std::string_view controller : base::split(hierarchy, ',')) {
    options.emplace_back(controller, "");
  }
  return options;
}

/// One hierarchy in a directory of its name. One that the kernel does not let us see is left out.
void mount_hierarchy(const base::DirFd& dir, const std::string& hierarchy,
                     std::uint64_t attributes) {
  const std::string name = hierarchy.starts_with("name=") ? hierarchy.substr(5) : hierarchy;
  const base::UniqueFd mount =
      try_new_mount("cgroup", hierarchy_options(hierarchy, name), attributes);
  if (!mount) return;
  if (::mkdirat(dir.get(), name.c_str(), 0755) != 0) fail_with_errno(kPhase, "mkdir", name);
  attach_mount(kPhase, mount.get(), open_target(kPhase, dir, name).get());
  const auto controllers = base::split(name, ',');
  if (controllers.size() < 2) return;
  for (std::string_view controller : controllers) {
    if (::symlinkat(name.c_str(), dir.get(), std::string(controller).c_str()) != 0) {
      fail_with_errno(kPhase, "symlink", controller);
    }
  }
}

void mount_version1(int target, std::uint64_t attributes) {
  base::UniqueFd mount = new_mount(kPhase, "tmpfs", {{"mode", "0755"}}, kPlain);
  attach_mount(kPhase, mount.get(), target);
  const base::DirFd dir(std::move(mount), "/sys/fs/cgroup");
  for (const std::string& hierarchy : version1_hierarchies()) {
    mount_hierarchy(dir, hierarchy, attributes);
  }
  set_mount_attributes(kPhase, dir.get(), attributes);
}

}  // namespace

void mount_cgroup(const World& world) {
  const std::uint64_t attributes = kPlain | (world.spec.insecure ? 0 : MOUNT_ATTR_RDONLY);
  const base::UniqueFd target = try_open_target(kPhase, world.root, "sys/fs/cgroup");
  if (!target) return;  // a kernel without cgroups
  if (!host_has_unified_hierarchy()) return mount_version1(target.get(), attributes);
  const base::UniqueFd mount = try_new_mount("cgroup2", {}, attributes);
  // Where the kernel does not allow it the step sees what /sys shows it there, read-only.
  if (mount) attach_mount(kPhase, mount.get(), target.get());
}

}  // namespace ibuild::sandbox
