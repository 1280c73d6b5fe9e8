#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild doctor`: what works on this machine.
int run_doctor(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
