#include "layers/process_temp.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>

#include "base/error.h"
#include "layers/random_name.h"
#include "layers/store_error.h"

namespace ibuild::layers {

namespace {

using base::RelPath;

constexpr std::string_view kLockSuffix = ".lock";
// Each attempt fails only when somebody cleans up in the very moment between two system calls.
constexpr int kAttempts = 100;

std::string lock_name(const std::string& name) { return name + std::string(kLockSuffix); }

/// True when the lock was free and the file still has its name: who cleans up removes lock files
/// that nobody holds.
bool try_hold(const base::DirFd& tmp, int lock) {
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    // ENOLCK, EOPNOTSUPP, ENOSYS: nobody can hold one here, and waiting does not help.
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw_store_error(errno, "lock a file in", tmp.shown_as());
    return false;
  }
  struct stat info {};
  return ::fstat(lock, &info) == 0 && info.st_nlink > 0;
}

/// The lock file comes before the folder and goes after it, so that a folder without one is
/// nobody's.
std::optional<base::UniqueFd> try_make(const base::DirFd& tmp, const std::string& name) {
  base::UniqueFd lock(
      ::openat(tmp.get(), lock_name(name).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!lock) throw_store_error(errno, "create a file in", tmp.shown_as());
  if (!try_hold(tmp, lock.get())) return std::nullopt;
  if (::mkdirat(tmp.get(), name.c_str(), 0700) != 0) {
    const int error_number = errno;
    ::unlinkat(tmp.get(), lock_name(name).c_str(), 0);
    throw_store_error(error_number, "make a directory in", tmp.shown_as());
  }
  return lock;
}

/// Requires: the lock is held.
void remove_folder(const base::DirFd& tmp, const std::string& name) {
  base::remove_tree(tmp, RelPath::exact(name));
  ::unlinkat(tmp.get(), lock_name(name).c_str(), 0);
}

void remove_if_abandoned(const base::DirFd& tmp, const std::string& name) {
  const auto lock = base::try_open_at(tmp, RelPath::exact(lock_name(name)), O_RDWR);
  if (lock && !try_hold(tmp, lock->get())) return;
  remove_folder(tmp, name);
}

}  // namespace

ProcessTemp::ProcessTemp(const base::DirFd& tmp) : tmp_(tmp.dup()) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    name_ = random_name();
    if (auto lock = try_make(tmp_, name_)) {
      lock_ = std::move(*lock);
      dir_ = base::open_dir_at(tmp_, RelPath::exact(name_));
      return;
    }
  }
  throw base::Error("make a directory in " + tmp_.shown_as() + ": it is removed again and again");
}

ProcessTemp::~ProcessTemp() {
  try {
    remove_folder(tmp_, name_);
  } catch (const std::exception&) {
    // What cannot be removed now is found by the next clean-up.
  }
}

void remove_abandoned_temps(const base::DirFd& tmp) {
  std::set<std::string> names;
  for (const base::DirEntry& entry : base::list_dir(tmp)) {
    const bool is_lock = entry.name.ends_with(kLockSuffix);
    names.insert(entry.name.substr(0, entry.name.size() - (is_lock ? kLockSuffix.size() : 0)));
  }
  names.erase("");  // a stray ".lock" names no folder
  for (const std::string& name : names) {
    try {
      remove_if_abandoned(tmp, name);
    } catch (const base::SystemError&) {
      // Somebody else's files, say of another user namespace.
    }
  }
}

}  // namespace ibuild::layers
