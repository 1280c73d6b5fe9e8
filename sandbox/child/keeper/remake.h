#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "base/unique_fd.h"
#include "sandbox/child/keeper/path_walk.h"

namespace ibuild::sandbox {

/// Tells what a step began with from what it has made itself.
class StepAge {
 public:
  /// The step begins now.
  StepAge();
  /// Whether an open file was there before. False when its file system keeps no times of birth.
  /// Throws: SystemError.
  bool is_older(int fd) const;

 private:
  std::int64_t start_ns_;
};

/// Puts the same link or fifo anew in the place of `old`, times included, and gives O_PATH of it.
/// Of one that comes from a lower layer overlayfs makes another file sooner or later, with another
/// number, and what was remembered by that would be forgotten.
/// A link of several names comes apart by that, as it does by being copied up.
/// Requires: `old` is what stands at `place`.
/// Throws: SystemError; then the old one is still there.
base::UniqueFd remake(const NewPlace& place, int old);

}  // namespace ibuild::sandbox
