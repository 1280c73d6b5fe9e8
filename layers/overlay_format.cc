// See: Documentation/filesystems/overlayfs.rst of Linux, "userxattr"; user_namespaces(7).
#include "layers/overlay_format.h"

#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest.h"
#include "base/error.h"
#include "layers/store_error.h"

namespace ibuild::layers {

namespace {

constexpr std::uint64_t kMapCapBytes = 1 << 20;

bool has_sys_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  return (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN)) != 0;
}

/// The initial namespace maps every id to itself. A nested one may do so too, but then it has a
/// setgroups file that can be told apart by nobody, and trusted xattrs fail when they are set.
bool maps_all_ids(const std::string& map) {
  unsigned long inside = 1;
  unsigned long outside = 1;
  unsigned long count = 0;
  if (std::sscanf(map.c_str(), "%lu %lu %lu", &inside, &outside, &count) != 3) return false;
  return inside == 0 && outside == 0 && count == 4294967295UL;
}

std::string id_map(const char* path) {
  return base::try_read_host_file(path, kMapCapBytes).value_or("");
}

}  // namespace

OverlayXattrs overlay_xattrs_of_this_process() {
  if (!has_sys_admin()) return OverlayXattrs::none;
  const bool is_initial = maps_all_ids(id_map("/proc/self/uid_map"));
  return is_initial ? OverlayXattrs::trusted : OverlayXattrs::user;
}

OverlayXattrs overlay_xattrs_for(const base::DirFd& dir) {
  struct statfs info {};
  if (::fstatfs(dir.get(), &info) != 0) throw base::SystemError("statfs", dir.shown_as());
  const bool is_overlay = static_cast<unsigned long>(info.f_type) == OVERLAYFS_SUPER_MAGIC;
  return is_overlay ? OverlayXattrs::none : overlay_xattrs_of_this_process();
}

std::string_view overlay_prefix(OverlayXattrs xattrs) {
  return xattrs == OverlayXattrs::trusted ? "trusted.overlay." : "user.overlay.";
}

std::string opaque_mark(OverlayXattrs xattrs) {
  return std::string(overlay_prefix(xattrs)) + "opaque";
}

void make_whiteout(int dir, const std::string& name, const std::string& shown_as) {
  if (::mknodat(dir, name.c_str(), S_IFCHR, makedev(0, 0)) != 0)
    throw_store_error(errno, "make whiteout", shown_as);
}

std::string tree_name(OverlayXattrs xattrs) {
  // Those without the 2 are of older versions: a RUN's may hold more than its index says.
  if (xattrs == OverlayXattrs::trusted) return "tree2-trusted";
  const std::string maps = id_map("/proc/self/uid_map") + "\n" + id_map("/proc/self/gid_map");
  const std::string ids = base::sha256_of(maps).short_hex();
  return (xattrs == OverlayXattrs::user ? "tree2-user-" : "tree-plain-") + ids;
}

}  // namespace ibuild::layers
