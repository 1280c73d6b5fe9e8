#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "builder/build.h"
#include "builder/cdi/cdi_device.h"
#include "parser/device.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::builder {

/// Devices of the host, opened for one step; they stay open as long as this object lives.
class RunDevices {
 public:
  /// Those that an option names. Throws: UsageError for what is no device, no description has or
  /// ibuild cannot give, SystemError, ContentError for a bad description.
  RunDevices(const std::vector<StepDevice>& devices, const std::vector<std::string>& directories);
  /// With what comes beside them: variables, files, groups. A variable takes the place of one with
  /// its name.
  void add_to(sandbox::SandboxSpec& spec) const;

  /// Those of RUN --device. One that no description has is left out with a warning, or is an error
  /// if it is required. Throws: as the constructor, and UsageError for one that is not allowed.
  void add_requested(const std::vector<parser::Device>& wanted, const BuildRequest& request,
                     const std::function<void(const std::string&)>& warn);

 private:
  void add_described(const CdiDevice& device);
  void add_node(const std::string& path, const std::string& target);
  void add_mount(const CdiMount& described);
  void bind(base::UniqueFd fd, sandbox::MountSpec mount);

  std::vector<std::string> described_;  // names of those that were added
  std::vector<base::UniqueFd> fds_;
  std::vector<sandbox::MountSpec> mounts_;
  std::vector<std::string> env_;
  std::vector<sandbox::Hook> hooks_;
  std::vector<std::uint32_t> additional_gids_;
};

}  // namespace ibuild::builder
