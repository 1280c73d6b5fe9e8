#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild version`: the version.
int run_version(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
