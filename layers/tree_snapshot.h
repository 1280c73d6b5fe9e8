#pragma once

#include <sys/stat.h>

#include <ctime>
#include <set>
#include <string>
#include <unordered_map>

#include "base/fs_at.h"
#include "base/rel_path.h"

namespace ibuild::layers {

/// What a directory tree held at one moment, as far as it takes to tell later which of its files
/// nobody has touched since: inode and time of change, which no program can set. A file that was
/// changed within the clock tick of the snapshot is never taken for untouched.
class TreeSnapshot {
 public:
  /// Walks the tree. `lacking` are paths that should be there and are not (devices that could not
  /// be made). Throws: SystemError.
  TreeSnapshot(const base::DirFd& tree, std::set<base::RelPath> lacking);

  /// `info` is what lstat says now of what stands at `path`.
  bool is_untouched(const base::RelPath& path, const struct stat& info) const;
  bool lacked(const base::RelPath& path) const { return lacking_.contains(path); }

 private:
  struct Mark {
    ino_t inode;
    timespec changed;
  };

  timespec taken_{};                             // when the walk began, in the clock of file times
  std::unordered_map<std::string, Mark> marks_;  // all but directories, by path
  std::set<base::RelPath> lacking_;
};

}  // namespace ibuild::layers
