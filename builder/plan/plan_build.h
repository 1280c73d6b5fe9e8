#pragma once

#include "builder/build.h"
#include "builder/plan/base_table.h"
#include "builder/plan/build_plan.h"
#include "builder/plan/platform_target.h"

namespace ibuild::builder {

/// Pass 4: the stages that the targets need become one immutable graph of steps, and an image for
/// each target. Pure. Requires: `bases` has every image that the targets' graphs need. Throws:
/// parser::DockerfileError; base::UsageError as result_shape(). A step that is well-formed and
/// cannot run all the same is the plan's obstacle.
BuildPlan plan_build(const std::vector<PlatformTarget>& targets, const BaseTable& bases,
                     const BuildRequest& request, char escape);

}  // namespace ibuild::builder
