#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild run`: runs a program in an image, in the foreground.
int run_run(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
