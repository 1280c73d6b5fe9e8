#pragma once

#include "builder/build.h"
#include "builder/plan/base_table.h"
#include "builder/plan/build_args.h"
#include "builder/plan/build_plan.h"
#include "builder/plan/stage_graph.h"

namespace ibuild::builder {

/// Pass 4: the stages that the target needs become an immutable graph of steps and the image they
/// end in. Pure. Requires: `bases` has every image that `graph` needs. Throws:
/// parser::DockerfileError.
BuildPlan plan_build(const StageGraph& graph, const GlobalArgs& args, const BaseTable& bases,
                     const BuildRequest& request, char escape);

}  // namespace ibuild::builder
