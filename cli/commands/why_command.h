#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild why`: why the steps of the last builds of a Dockerfile ran.
int run_why(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
