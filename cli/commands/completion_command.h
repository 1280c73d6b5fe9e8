#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild completion bash|zsh|fish`: a script that completes command lines.
int run_completion(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
