#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild save`: writes images to an archive.
int run_save(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
