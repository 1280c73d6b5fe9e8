#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "builder/ops/run_devices.h"
#include "builder/ops/user_lookup.h"
#include "cli/options_run.h"
#include "image/config.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::cli {

/// How `ibuild run` starts a container: the image's config with the command line on top. The root
/// is still missing.
struct ContainerSpec {
  sandbox::SandboxSpec spec;
  std::vector<base::UniqueFd> volume_fds;  // what spec.mounts points to
  std::unique_ptr<builder::RunDevices> devices;
};

/// Throws: UsageError (nothing to run, a bad value), SystemError (a volume that is not there).
ContainerSpec make_container_spec(const RunOptions& options, const image::RuntimeConfig& config,
                                  const builder::UserLookup& users);

/// The program and its arguments, by Docker's rules: --entrypoint drops the image's command,
/// COMMAND replaces it. Throws: UsageError when nothing is left.
std::vector<std::string> container_command(const RunOptions& options,
                                           const image::RuntimeConfig& config);

}  // namespace ibuild::cli
