#pragma once

#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"
#include "sandbox/channel.h"
#include "sandbox/hook_bundle.h"
#include "sandbox/sandbox_spec.h"

/// Programs that have a part in making a step. See: runtime-spec, config.md, "POSIX-platform Hooks"
namespace ibuild::sandbox {

/// Runs those of one kind in their order, in this process' namespaces and with its rights; each
/// finds `state` on its standard input. When `interrupted` (-1: nothing) can be read from, the one
/// that runs is ended. Throws: SandboxError naming the hook that fails or takes longer than it may.
void run_hooks(const HookOrder& order, Hook::When when, const std::string& state,
               int interrupted = -1);

/// Those of `create_runtime`, by the supervisor `aid` leads to, which is in no namespace of the
/// step's; then those of `create_container`, here. `root`: the root's mount, which they find in
/// their bundle.
void run_hooks_before_switch(const SandboxSpec& spec, int root, const Channel& aid);

/// The supervisor's part: `request` as it came, from the step `pid`. `life`: becomes readable when
/// the step is to end.
void run_runtime_hooks(const Frame& request, pid_t pid, int life);

}  // namespace ibuild::sandbox
