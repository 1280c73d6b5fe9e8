#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// Hooks, and the directory in which they find the step's configuration and its root.
struct HookOrder {
  std::vector<Hook> hooks;
  std::string bundle;
};

/// The directory of a step with hooks, as a runtime has one for each container: config.json and
/// rootfs/, where the step's root is mounted for the hooks alone. Removed by the destructor.
class HookBundle {
 public:
  /// None is made for a spec without hooks. Throws: SandboxError.
  explicit HookBundle(const SandboxSpec& spec);
  /// Host path; empty when there is none.
  std::string path() const { return dir_ ? dir_->host_path() : ""; }

 private:
  std::optional<base::TempDir> dir_;
};

/// What a hook reads on its standard input. `status`: "creating" or "created".
std::string hook_state(std::string_view bundle, std::string_view status, pid_t pid);
/// config.json: as much of it as is so in a step of ours. Without secrets.
std::string hook_config(const SandboxSpec& spec);

}  // namespace ibuild::sandbox
