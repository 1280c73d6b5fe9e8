#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild index create`: one index out of images of registries.
int run_index(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
