#pragma once

#include "sandbox/child/step_context.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// A session keyring of the step's own, so that it does not get hold of ours.
void leave_keyring();
/// Throws: SandboxError.
void set_limits(const SandboxSpec& spec);
/// Takes this process from full rights to those of the step: capabilities, system call filter,
/// groups, user. Where the user namespace forbids setgroups(2) (one mapped id, no subgid range)
/// additional groups are left out. Throws: SandboxError.
void drop_rights(const SandboxSpec& spec, const StepContext& context);

}  // namespace ibuild::sandbox
