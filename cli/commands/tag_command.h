#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild tag`: gives an image another name.
int run_tag(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
