#pragma once

#include <vector>

#include "base/unique_fd.h"
#include "builder/build.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::builder {

/// Devices of the host, opened for one step; they stay open as long as this object lives.
class RunDevices {
 public:
  /// Throws: UsageError for what is no device, SystemError.
  explicit RunDevices(const std::vector<StepDevice>& devices);
  const std::vector<sandbox::MountSpec>& mounts() const { return mounts_; }

 private:
  std::vector<base::UniqueFd> fds_;
  std::vector<sandbox::MountSpec> mounts_;
};

}  // namespace ibuild::builder
