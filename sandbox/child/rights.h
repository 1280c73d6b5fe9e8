#pragma once

#include "sandbox/channel.h"
#include "sandbox/child/step_context.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// A session keyring of the step's own, so that it does not get hold of ours.
void leave_keyring();
/// Throws: SandboxError.
void set_limits(const SandboxSpec& spec);
/// From here on execve(2) gives no rights, when the spec says so. Throws: SandboxError.
void refuse_new_privileges(const SandboxSpec& spec);
/// Takes this process from full rights to those of the step: capabilities, system call filter,
/// groups, user. Where the user namespace forbids setgroups(2) (one mapped id, no subgid range)
/// additional groups are left out. Throws: SandboxError.
/// Where owners are recorded, the filter's questions go to a keeper that `aid` is asked for, and
/// who the process counts as is the keeper's business alone.
void drop_rights(const SandboxSpec& spec, const StepContext& context, const Channel& aid);

}  // namespace ibuild::sandbox
