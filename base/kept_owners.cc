#include "base/kept_owners.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

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

void throw_mode_refused(mode_t mode, const std::string& shown_as) {
  SystemError error("set the mode of", shown_as);
  if (error.error_number() == EPERM && (mode & (S_ISUID | S_ISGID)) != 0) {
    error.set_hint(
        "set-user-ID and set-group-ID bits are refused here, as by RestrictSUIDSGID=yes of a "
        "systemd unit; images have them, so that ibuild has to run without that");
  }
  throw error;
}

void check_keeps_setuid(const DirFd& dir) {
  constexpr mode_t kMode = S_ISUID | 0755;
  const UniqueFd file(::openat(dir.get(), "setuid", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!file) throw SystemError("create a file in", dir.shown_as());
  if (::fchmod(file.get(), kMode) != 0) throw_mode_refused(kMode, "files in " + dir.shown_as());
  ::unlinkat(dir.get(), "setuid", 0);
}

}  // namespace ibuild::base
