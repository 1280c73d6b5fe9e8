#include "base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <mutex>

#include "base/error.h"

namespace ibuild::base {

namespace {

/// 16 hex digits nobody can foresee.
std::string random_suffix() {
  std::uint64_t value = 0;
  while (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    if (errno != EINTR) throw SystemError("get random bytes", "");
  }
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(value));
  return digits;
}

}  // namespace

AtomicFile::AtomicFile(const DirFd& dir, const RelPath& path, mode_t mode)
    : dir_(open_dir_at(dir, path.parent())),
      temp_name_(".tmp-" + random_suffix()),
      name_(path.name()),
      fd_(::openat(dir_.get(), temp_name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)) {
  if (!fd_) throw SystemError("create", dir_.show(RelPath::exact(temp_name_)));
}

AtomicFile::~AtomicFile() {
  if (!done_) ::unlinkat(dir_.get(), temp_name_.c_str(), 0);
}

void AtomicFile::write(Bytes bytes) { FdSink(fd_.get()).write(bytes); }

void AtomicFile::commit(Sync sync) {
  const std::string shown_as = dir_.shown_as() + "/" + name_;
  if (sync == Sync::data && ::fdatasync(fd_.get()) != 0) throw SystemError("sync", shown_as);
  if (::renameat(dir_.get(), temp_name_.c_str(), dir_.get(), name_.c_str()) != 0) {
    throw SystemError("rename into", shown_as);
  }
  done_ = true;
}

void write_file_atomically(const DirFd& dir, const RelPath& path, std::string_view content,
                           mode_t mode) {
  AtomicFile file(dir, path, mode);
  file.write(as_bytes(content));
  file.commit();
}

void clear_place_of_file(const DirFd& dir, const RelPath& path) {
  const auto standing = try_lstat_at(dir, path);
  if (standing && S_ISDIR(standing->st_mode)) remove_tree(dir, path);
}

void replace_file(const DirFd& dir, const RelPath& path, std::string_view content, mode_t mode) {
  clear_place_of_file(dir, path);
  write_file_atomically(dir, path, content, mode);
}

TempDir::TempDir(const DirFd& parent, std::string_view prefix)
    : parent_(parent.dup()), name_(std::string(prefix) + random_suffix()) {
  const RelPath path = RelPath::exact(name_);
  if (::mkdirat(parent_.get(), name_.c_str(), 0700) != 0) {
    throw SystemError("make directory", parent_.show(path));
  }
  dir_ = open_dir_at(parent_, path);
}

TempDir::~TempDir() {
  if (name_.empty() || !parent_.valid()) return;
  try {
    remove_tree(parent_, RelPath::exact(name_));
  } catch (const std::exception&) {
    // What cannot be removed now is found by the next clean-up of its parent.
  }
}

namespace {

UniqueFd open_lock(const DirFd& dir, const RelPath& path) {
  return open_at(dir, path, O_RDWR | O_CREAT, 0644);
}

bool try_flock(int fd, LockFile::Mode mode, const std::string& shown_as) {
  const int operation = mode == LockFile::Mode::shared ? LOCK_SH : LOCK_EX;
  while (::flock(fd, operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw SystemError("lock", shown_as);
  }
  return true;
}

}  // namespace

LockFile LockFile::acquire(const DirFd& dir, const RelPath& path, Mode mode, std::stop_token stop) {
  using std::chrono::milliseconds;
  UniqueFd fd = open_lock(dir, path);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  // flock(2) itself cannot be interrupted without a signal, so the wait is done in short pieces.
  for (milliseconds pause{1}; !try_flock(fd.get(), mode, dir.show(path));
       pause = std::min(pause * 2, milliseconds{50})) {
    stopped.wait_for(lock, stop, pause, [] { return false; });
    if (stop.stop_requested()) throw CancelledError();
  }
  return LockFile(std::move(fd));
}

std::optional<LockFile> LockFile::try_acquire(const DirFd& dir, const RelPath& path, Mode mode) {
  UniqueFd fd = open_lock(dir, path);
  if (!try_flock(fd.get(), mode, dir.show(path))) return std::nullopt;
  return LockFile(std::move(fd));
}

}  // namespace ibuild::base
