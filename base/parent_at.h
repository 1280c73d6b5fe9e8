#pragma once

#include <string>

#include "base/fs_at.h"

namespace ibuild::base {

/// The open parent directory of a path and the path's last name: what the calls ending in -at want
/// that make, rename, link, stat or remove a name. No link is followed on the way to the parent.
/// For the root itself the name is ".".
/// Requires: the DirFd given outlives this.
class ParentAt {
 public:
  /// Throws: SystemError when the parent cannot be opened.
  ParentAt(const DirFd& dir, const RelPath& path);
  /// No value when the parent is not there (ENOENT, ENOTDIR).
  static std::optional<ParentAt> try_open(const DirFd& dir, const RelPath& path);

  int fd() const { return fd_; }
  const char* name() const { return name_.c_str(); }

 private:
  ParentAt(int fd, UniqueFd owned, std::string name)
      : owned_(std::move(owned)), fd_(fd), name_(std::move(name)) {}
  UniqueFd owned_;  // empty when the parent is the given directory itself
  int fd_;
  std::string name_;
};

}  // namespace ibuild::base
