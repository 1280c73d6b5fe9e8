#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "base/fs_at.h"
#include "base/stream.h"
#include "base/unique_fd.h"

namespace ibuild::base {

/// A file that appears under its name whole, or not at all: written to a temporary in the same
/// directory, then renamed. The destructor removes what was not committed.
class AtomicFile : public ByteSink {
 public:
  AtomicFile(const DirFd& dir, const RelPath& path, mode_t mode = 0644);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() override;
  void write(Bytes bytes) override;
  int fd() const { return fd_.get(); }
  enum class Sync { none, data };
  void commit(Sync sync = Sync::none);

 private:
  DirFd dir_;
  std::string temp_name_;
  std::string name_;
  UniqueFd fd_;
  bool done_ = false;
};

void write_file_atomically(const DirFd& dir, const RelPath& path, std::string_view content,
                           mode_t mode = 0644);

/// For places that are the program's own, as those in its store: a directory there, where a file
/// belongs, cannot be replaced by rename(2) and is removed.
void clear_place_of_file(const DirFd& dir, const RelPath& path);
/// write_file_atomically() into such a place.
void replace_file(const DirFd& dir, const RelPath& path, std::string_view content,
                  mode_t mode = 0644);

/// A new directory below `parent`, removed with its content by the destructor unless kept.
class TempDir {
 public:
  TempDir(const DirFd& parent, std::string_view prefix);
  TempDir(TempDir&&) noexcept = default;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const DirFd& dir() const { return dir_; }
  const std::string& name() const { return name_; }
  /// The host path (parent's shown name + name).
  std::string host_path() const { return dir_.shown_as(); }
  /// Gives up ownership: the directory stays (it was renamed, or someone else removes it).
  void keep() { name_.clear(); }

 private:
  DirFd parent_;
  std::string name_;
  DirFd dir_;
};

/// An flock(2) on a file that is created when missing. Freed by the destructor and by the kernel
/// when the process dies. The file stays.
class LockFile {
 public:
  enum class Mode { shared, exclusive };
  /// Waits until the lock is free or `stop` is requested (then CancelledError).
  static LockFile acquire(const DirFd& dir, const RelPath& path, Mode mode,
                          std::stop_token stop = {});
  /// No value when somebody else holds it.
  static std::optional<LockFile> try_acquire(const DirFd& dir, const RelPath& path, Mode mode);

 private:
  explicit LockFile(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace ibuild::base
