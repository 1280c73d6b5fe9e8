// See: statx(2), STATX_ATTR_MOUNT_ROOT; mount_namespaces(7).
#include "sandbox/root_mount.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>

#include "base/text.h"

namespace ibuild::sandbox {

std::string why_mounts_would_show() {
  struct statx info {};
  if (::statx(AT_FDCWD, "/", 0, 0, &info) != 0) return {};
  const bool told = (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
  if (!told || (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return {};
  return "ibuild runs in a chroot, whose root is no mount; \"mount --bind DIR DIR\" before "
         "\"chroot DIR\" makes it one";
}

bool is_initramfs(std::string_view mountinfo) {
  for (const std::string_view line : base::split(mountinfo, '\n')) {
    const auto fields = base::split(line, ' ');  // id, parent, device, root, mount point
    if (fields.size() > 4 && fields[4] == "/" && fields[0] == fields[1]) return true;
  }
  return false;
}

}  // namespace ibuild::sandbox
