#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild load`: images out of an archive into the store.
int run_load(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
