#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild rm`: removes tags and manifests of registries.
int run_rm(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
