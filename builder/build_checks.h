#pragma once

#include <set>

#include "builder/build.h"
#include "builder/plan/base_table.h"
#include "builder/plan/platform_target.h"
#include "builder/warning_collector.h"
#include "parser/dockerfile.h"
#include "parser/lint.h"

namespace ibuild::builder {

/// What the warnings before execution are found from.
struct CheckedBuild {
  const BuildRequest& request;
  const parser::Dockerfile& dockerfile;
  const std::vector<PlatformTarget>& targets;  // at least one
  const BaseTable& bases;

  /// The one that the Dockerfile's text is checked for: it is the same for all of them.
  const PlatformTarget& main_target() const { return targets.front(); }
};

/// Says what is odd but allowed: the parser's own warnings, BuildKit's checks on the stages that
/// are built, build args that nothing uses. Throws: base::Error when the Dockerfile asks that
/// findings end the build.
void raise_build_warnings(const CheckedBuild& build, parser::Diagnostics from_parser,
                          WarningCollector& events);

/// BuildKit's checks on the stages that the graph reaches.
parser::LintReport lint_build(const CheckedBuild& build);

/// The same, as far as the text alone allows, on the stages numbered in `stages` (none: on all).
parser::LintReport lint_text(const BuildRequest& request, const parser::Dockerfile& dockerfile,
                             const std::set<StageIndex>& stages = {});

/// "lint violation found for rules: …", with the names in their order.
std::string violation_message(const parser::Diagnostics& findings);

}  // namespace ibuild::builder
