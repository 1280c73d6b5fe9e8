#pragma once

#include "builder/build.h"
#include "builder/plan/base_table.h"
#include "builder/plan/build_args.h"
#include "builder/plan/stage_graph.h"
#include "builder/warning_collector.h"
#include "parser/dockerfile.h"

namespace ibuild::builder {

/// What the warnings before execution are found from.
struct CheckedBuild {
  const BuildRequest& request;
  const parser::Dockerfile& dockerfile;
  const StageGraph& graph;
  const GlobalArgs& args;
  const BaseTable& bases;
};

/// Says what is odd but allowed: the parser's own warnings, BuildKit's checks on the stages that
/// are built, bases for another platform, build args that nothing uses. Throws: base::Error when
/// the Dockerfile asks that findings end the build.
void raise_build_warnings(const CheckedBuild& build, parser::Diagnostics from_parser,
                          WarningCollector& events);

}  // namespace ibuild::builder
