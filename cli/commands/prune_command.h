#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild prune`: removes what the cache could do without.
int run_prune(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
