#pragma once

#include <functional>
#include <optional>

#include "base/clock.h"
#include "builder/plan/op.h"
#include "builder/shared_chain.h"

namespace ibuild::builder {

/// What is known after a step: the layers up to and with its own.
struct StepResult {
  SharedChain chain;
  base::Digest chain_id;      // of `chain`; empty for an empty one
  base::TimePoint created{};  // when its layer was made, perhaps by an earlier build
  bool cached = false;
};

/// The results of finished steps. Valid as long as the solver runs.
using ResultLookup = std::function<const StepResult&(StepId step)>;

}  // namespace ibuild::builder
