#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild login`: stores the credentials for a registry.
int run_login(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
