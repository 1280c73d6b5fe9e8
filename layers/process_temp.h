#pragma once

#include <string>

#include "base/fs_at.h"
#include "base/unique_fd.h"

namespace ibuild::layers {

/// This process's own folder below tmp/ of the store: tmp/<name>/, held by an flock on
/// tmp/<name>.lock. The kernel frees the lock when the process dies, so that others can tell then.
/// The destructor removes both.
class ProcessTemp {
 public:
  /// Throws: SystemError.
  explicit ProcessTemp(const base::DirFd& tmp);
  ProcessTemp(const ProcessTemp&) = delete;
  ProcessTemp& operator=(const ProcessTemp&) = delete;
  ~ProcessTemp();

  const base::DirFd& dir() const { return dir_; }

 private:
  base::DirFd tmp_;
  std::string name_;
  base::UniqueFd lock_;
  base::DirFd dir_;
};

/// Removes the folders below `tmp` whose process is gone. What cannot be removed is left for the
/// next time: that is no reason not to build. Safe while other processes make, remove and clean
/// folders there.
void remove_abandoned_temps(const base::DirFd& tmp);

}  // namespace ibuild::layers
