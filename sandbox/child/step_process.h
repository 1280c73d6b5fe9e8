#pragma once

#include "sandbox/channel.h"
#include "sandbox/child/step_context.h"

namespace ibuild::sandbox {

struct StepChannels {
  Channel setup;
  Channel aid;  // to the supervisor, for what takes a process outside the step
};

/// Body of pid 1 of the step: takes the spec from `setup`, builds the step's world, says "ready" or
/// what went wrong, and turns into the step's program. Requires: single-threaded, first process of
/// a pid namespace. Never returns.
[[noreturn]] void become_step(StepChannels lines, const StepContext& context) noexcept;

}  // namespace ibuild::sandbox
