#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "builder/build.h"
#include "builder/plan/build_plan.h"
#include "builder/step_result.h"

namespace ibuild::builder {

/// The steps of an image as provenance tells them: each with its operation, what it stands on and
/// reads, and the diff-id of the layer that it made. "step0", "step1", … in the order of the plan.
/// Values of secrets and of proxies are not in it.
nlohmann::ordered_json describe_steps(const std::vector<const Step*>& steps,
                                      const std::vector<StepResult>& results);

/// BuildKit's `source`: the Dockerfile's text, and the lines of each of the steps.
nlohmann::ordered_json describe_source(const std::vector<const Step*>& steps,
                                       const BuildRequest& request);

}  // namespace ibuild::builder
