// See: docs/design/layer_forms.md, "Loss of power".
#include "layers/boot_mark.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"

namespace ibuild::layers {

namespace {

constexpr std::uint64_t kCapBytes = 4096;

std::string mark_of(const std::string& boot_id, ino_t inode) {
  return fmt::format("{}{}\n", boot_id, inode);
}

base::RelPath mark_path(const base::RelPath& tree) {
  return base::RelPath::exact(tree.str() + ".boot");
}

}  // namespace

std::string current_boot_id() {
  return base::try_read_host_file("/proc/sys/kernel/random/boot_id", kCapBytes).value_or("");
}

void put_boot_mark(const base::DirFd& dir, const base::RelPath& tree, const std::string& boot_id,
                   ino_t inode) {
  base::replace_file(dir, mark_path(tree), mark_of(boot_id, inode));
}

bool has_boot_mark(const base::DirFd& dir, const base::RelPath& tree, const std::string& boot_id) {
  try {
    const auto status = base::try_lstat_at(dir, tree);
    return status && base::try_read_file_at(dir, mark_path(tree), kCapBytes) ==
                         mark_of(boot_id, status->st_ino);
  } catch (const base::Error&) {
    return false;  // when none can be put there either, that tells why
  }
}

}  // namespace ibuild::layers
