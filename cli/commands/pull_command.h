#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild pull`: fetches an image from a registry.
int run_pull(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
