#pragma once

#include <string>

#include "base/fs_at.h"
#include "base/stream.h"
#include "base/unique_fd.h"

namespace ibuild::layers {

/// A new, empty file with a name that nobody can foresee, in a folder of temporaries. The
/// destructor removes it unless it was moved to its place. Not for several threads at once.
class TempFile : public base::ByteSink {
 public:
  /// Throws: SystemError.
  explicit TempFile(const base::DirFd& dir);
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile() override;

  /// Throws: SystemError, with a hint when the disk is full.
  void write(base::Bytes bytes) override;
  int fd() const { return fd_.get(); }
  /// Makes the bytes outlast a loss of power (fdatasync).
  void sync() const;
  /// The file becomes `into`/`name`, in place of what is there. Only once.
  /// Requires: `into` lies on the same file system.
  void move_to(const base::DirFd& into, const std::string& name);
  /// Gives up ownership: the file stays where it is; this is its name there. Only once.
  std::string keep();

 private:
  base::DirFd dir_;
  std::string name_;  // empty once moved or kept
  base::UniqueFd fd_;
};

}  // namespace ibuild::layers
