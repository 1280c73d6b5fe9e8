#pragma once

#include <stop_token>
#include <vector>

#include "base/child.h"
#include "sandbox/emulation.h"
#include "sandbox/launcher.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// What is sent to a step.
struct StepOrder {
  const SandboxSpec& spec;
  const std::vector<Emulator>& emulators;
};

/// Sees a step that the launcher has started through to its end: sends the spec, passes output on,
/// has the tree ended when `stop` is requested. When it returns or throws, every process of the
/// step is gone. Throws: SandboxError, CancelledError, what the observer throws.
base::ExitStatus run_step(StepLines lines, const StepOrder& order, StepObserver& observer,
                          std::stop_token stop);

}  // namespace ibuild::sandbox
