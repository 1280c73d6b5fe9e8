#pragma once

#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// Tells the kernel's security modules which label this thread has from its next execve(2) on.
/// Requires: the /proc around ibuild, before anything of the image can stand in its place.
/// Throws: SandboxError, also for a profile that is not loaded or a label that the policy lacks.
void set_exec_label(const SandboxSpec& spec);

}  // namespace ibuild::sandbox
