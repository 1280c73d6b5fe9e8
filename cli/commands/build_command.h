#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild [build]`: from a Dockerfile to an image.
int run_build(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
