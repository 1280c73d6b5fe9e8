#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>

#include "base/fs_at.h"

namespace ibuild::builder {

/// What a file or a whole tree takes on disk; a file with several names counts once. What cannot
/// be read, or vanishes meanwhile, counts nothing.
std::uint64_t disk_usage(const base::DirFd& dir, const base::RelPath& path);

/// Sizes of folders that change only when something is put into or taken out of them: remembered
/// by name and time of change, so that a survey need not walk every tree again. A lost or damaged
/// memory is an empty one.
class SizeMemory {
 public:
  /// `dir` is cache/gc.
  explicit SizeMemory(base::DirFd dir);
  /// The size of a folder whose status is `status`; walked when it is not known.
  std::uint64_t of(const base::DirFd& parent, const base::RelPath& folder,
                   const struct stat& status);
  void save();

 private:
  struct Known {
    std::int64_t changed_ns = 0;
    std::uint64_t size_bytes = 0;
    bool operator==(const Known&) const = default;
  };
  base::DirFd dir_;
  std::map<std::string, Known> old_;
  std::map<std::string, Known> now_;
};

}  // namespace ibuild::builder
