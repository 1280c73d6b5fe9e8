#pragma once

#include "sandbox/channel.h"
#include "sandbox/child/step_context.h"

namespace ibuild::sandbox {

/// Body of the process between the launcher and one step. Starts the step as pid 1 of a new pid
/// namespace, says on `life` what becomes of it, and kills it when `life` is closed at the other
/// end, be it because that process died. Requires: single-threaded. Never returns.
[[noreturn]] void supervise_step(Channel setup, Channel life, const StepContext& context) noexcept;

}  // namespace ibuild::sandbox
