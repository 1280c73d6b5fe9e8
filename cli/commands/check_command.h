#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild check`: looks for mistakes in a Dockerfile and mends some, by its text alone.
int run_check(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
