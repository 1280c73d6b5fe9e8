#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild ls`: the tags of a repository in a registry.
int run_ls(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
