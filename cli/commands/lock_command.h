#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild lock`: writes down which versions a build takes of its sources.
int run_lock(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
