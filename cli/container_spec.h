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
  std::vector<sandbox::MountSpec> volumes;  // not in spec before take_image()
  std::vector<base::UniqueFd> volume_fds;   // what they point to
  std::unique_ptr<builder::RunDevices> devices;
};

/// What the command line says, which is looked at before there is an image. Throws: UsageError for
/// a bad value, SystemError for a volume that is not there.
ContainerSpec prepare_container(const RunOptions& options);
/// The rest. Throws: UsageError (nothing to run, no such user).
void take_image(const RunOptions& options, const image::RuntimeConfig& config,
                const builder::UserLookup& users, ContainerSpec& container);

/// The program and its arguments, by Docker's rules: --entrypoint drops the image's command,
/// COMMAND replaces it. Throws: UsageError when nothing is left.
std::vector<std::string> container_command(const RunOptions& options,
                                           const image::RuntimeConfig& config);

}  // namespace ibuild::cli
