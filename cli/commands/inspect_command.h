#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild inspect`: all about an image, as JSON.
int run_inspect(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
