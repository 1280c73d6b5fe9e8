#include "base/kept_owners.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cerrno>

#include "base/error.h"
#include "base/files.h"
#include "base/owner_record.h"
#include "base/text.h"

#ifndef EXFAT_SUPER_MAGIC
#define EXFAT_SUPER_MAGIC 0x2011BAB0
#endif

namespace ibuild::base {

std::string_view file_system_without_owners(long type) {
  if (type == MSDOS_SUPER_MAGIC) return "FAT";
  return type == EXFAT_SUPER_MAGIC ? "exFAT" : "";
}

void throw_no_owner_record(const std::string& shown_as) {
  SystemError error(ENOTSUP, "record the owner of", shown_as);
  error.set_hint(
      "the file system of the store takes no user.* attributes: grant the user ids in /etc/subuid "
      "and /etc/subgid, or use another place (--root)");
  throw error;
}

void check_keeps_owners(const DirFd& dir) {
  struct statfs info {};
  if (::fstatfs(dir.get(), &info) != 0) throw SystemError("statfs", dir.shown_as());
  if (const auto name = file_system_without_owners(info.f_type); !name.empty()) {
    Error error(printable(dir.shown_as()) + " lies on " + std::string(name) +
                ", which has no owners, modes and links of files");
    error.set_hint(
        "put the store on ext4, XFS, btrfs or another file system of Linux with --root or "
        "IBUILD_ROOT");
    throw error;
  }
  if (!must_record_owners()) return;
  const TempDir trial(dir, "owner-");
  if (!write_owner_record(trial.dir().get(), {}))
    throw_no_owner_record("files in " + dir.shown_as());
}

}  // namespace ibuild::base
