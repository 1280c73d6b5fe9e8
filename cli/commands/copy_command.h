#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild copy`: an image from one registry to another.
int run_copy(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
