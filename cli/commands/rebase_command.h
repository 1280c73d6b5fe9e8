#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild rebase IMAGE --onto NEWBASE`. See: docs/usage.md.
int run_rebase(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
