#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild push`: sends an image to a registry.
int run_push(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
