#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild rmi`: removes names, and images that have none left.
int run_rmi(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
