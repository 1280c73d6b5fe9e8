#pragma once

#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// Refuses a spec that cannot be meant: no program, a NUL byte, a mount on "/" or below /proc, a
/// bind without source, an impossible id. Throws: SandboxError{"check the spec"}.
void check_spec(const SandboxSpec& spec);

}  // namespace ibuild::sandbox
