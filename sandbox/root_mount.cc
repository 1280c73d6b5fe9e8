// See: statx(2), STATX_ATTR_MOUNT_ROOT; mount_namespaces(7).
#include "sandbox/root_mount.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>

namespace ibuild::sandbox {

std::string why_mounts_would_show() {
  struct statx info {};
  if (::statx(AT_FDCWD, "/", 0, 0, &info) != 0) return {};
  const bool told = (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
  if (!told || (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return {};
  return "ibuild runs in a chroot, whose root is no mount; \"mount --bind DIR DIR\" before "
         "\"chroot DIR\" makes it one";
}

}  // namespace ibuild::sandbox
