#include "cli/options_lock.h"

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "cli/result_files.h"

namespace ibuild::cli {

void LockOptions::add_to(OptionParser& parser) {
  parser.flag("--locked", locked,
              "Take images, files by URL and git repositories in the versions of the lock file; "
              "refuse others");
  parser.flag("--write-lock", write, "Write the lock file: the versions that this build takes");
  parser.value("--lock-file", "FILE", file, "The lock file (default: ibuild.lock)");
}

std::unique_ptr<builder::SourceLock> LockOptions::open() const {
  if (locked && write) throw base::UsageError("--locked and --write-lock cannot be used together");
  if (write) return std::make_unique<builder::SourceLock>();
  if (!locked) return nullptr;
  const auto text = base::try_read_host_file(file, builder::SourceLock::kMaxBytes);
  if (!text) {
    base::UsageError error("--locked: there is no file " + base::printable(file));
    error.set_hint("`ibuild lock` writes it");
    throw error;
  }
  return std::make_unique<builder::SourceLock>(*text, file);
}

void LockOptions::close(const builder::SourceLock* lock) const {
  if (write && lock != nullptr) write_result_file(file, lock->to_json());
}

}  // namespace ibuild::cli
