#pragma once

#include "builder/build.h"
#include "cli/options_build.h"

namespace ibuild::cli {

/// Looks whether the files that a build is to write can be written at its end, and whether
/// something is to be pushed that --offline keeps here. Throws: UsageError naming the option.
void check_result_places(const BuildOptions& options, const builder::BuildRequest& request);

}  // namespace ibuild::cli
