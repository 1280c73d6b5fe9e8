#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "builder/build.h"
#include "builder/export/exporter.h"
#include "builder/layer_fetch.h"
#include "builder/plan/build_plan.h"
#include "builder/step_result.h"
#include "builder/vertex_numbers.h"

namespace ibuild::builder {

/// A run of the builder, as its attestations know it.
struct BuildRun {
  std::string id;
  base::TimePoint started;
  /// A new one, that starts now.
  static BuildRun begin();
};

struct AttestedBuild {
  const BuildRequest& request;
  const Services& services;  // with the clock of the images
  const BuildPlan& plan;
  const std::vector<StepResult>& results;
  const BuildRun& run;
  const LayerFetch& fetch;
  VertexNumbers& vertices;
};

/// Says of the finished images what the request asks to be said, and puts into `result` what goes
/// with no image. Requires: the images of the plan, in their order. Blocks.
void attest(const AttestedBuild& build, FinishedBuild& finished, BuildResult& result,
            std::stop_token stop);

}  // namespace ibuild::builder
