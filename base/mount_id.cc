// See: statx(2).
#include "base/mount_id.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"

namespace ibuild::base {

std::uint64_t mount_id_of(int dir, const char* path) {
  struct statx info {};
  if (::statx(dir, path, AT_EMPTY_PATH, STATX_MNT_ID, &info) != 0) throw SystemError("statx", path);
  if ((info.stx_mask & STATX_MNT_ID) == 0) throw SystemError(ENOTSUP, "find the mount of", path);
  return info.stx_mnt_id;
}

}  // namespace ibuild::base
