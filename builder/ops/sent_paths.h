#pragma once

#include <span>

#include "builder/build.h"
#include "builder/ops/copy_selection.h"
#include "builder/plan/build_plan.h"
#include "builder/tree/source_tree.h"

namespace ibuild::builder {

/// What BuildKit knows of a directory of this machine is what its client sends: what the
/// instructions of the build name, links followed. A directory of which nothing is sent is not
/// there, so that a wildcard in it that matches nothing is an error and not nothing. Such a source
/// of `op` is refused here; `selected` is what select_sources gave for it. Throws:
/// base::UsageError.
void refuse_vain_search(const CopyOp& op, const SourceTree& tree,
                        std::span<const SelectedSource> selected, const BuildPlan& plan);

/// Whether a context is a directory of this machine: what comes from elsewhere is there as a whole.
bool is_sent(const ContextRef& context, const BuildRequest& request);

}  // namespace ibuild::builder
