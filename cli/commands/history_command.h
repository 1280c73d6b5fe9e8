#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild history`: how an image came to be.
int run_history(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
