#include "base/scratch_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <exception>

#include "base/error.h"

namespace ibuild::base {

namespace {

/// False when somebody cleans up here in this moment, or has done so. Where nothing can be locked
/// nobody does.
bool try_hold(int fd) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  struct stat info {};
  return ::fstat(fd, &info) == 0 && info.st_nlink > 0;
}

void remove_if_abandoned(const DirFd& parent, const RelPath& path) {
  const auto lock = try_open_at(parent, path, O_RDONLY | O_DIRECTORY);
  if (lock && ::flock(lock->get(), LOCK_EX | LOCK_NB) == 0) remove_tree(parent, path);
}

/// What is not to be seen or not ours to remove is no reason to try nothing.
void remove_abandoned(const DirFd& parent) noexcept {
  try {
    for (const DirEntry& entry : list_dir(parent)) {
      if (!entry.name.starts_with(ScratchDir::kPrefix)) continue;
      remove_if_abandoned(parent, RelPath::exact(entry.name));
    }
  } catch (const std::exception&) {
  }
}

}  // namespace

ScratchDir ScratchDir::make(const DirFd& parent) {
  remove_abandoned(parent);
  // Who cleans up may come between the making of a directory and its lock.
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TempDir folder(parent, kPrefix);
    UniqueFd lock = open_at(folder.dir(), {}, O_RDONLY | O_DIRECTORY);
    if (try_hold(lock.get())) return {std::move(folder), std::move(lock)};
  }
  throw Error("make a directory in " + parent.shown_as() + ": it is removed again and again");
}

}  // namespace ibuild::base
