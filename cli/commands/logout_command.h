#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild logout`: forgets the credentials for a registry.
int run_logout(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
