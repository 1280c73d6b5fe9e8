#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild du`: what the cache takes on disk.
int run_du(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
