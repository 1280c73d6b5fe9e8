#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace ibuild::cli {

/// The whole program but for the sandbox's child: chooses the command, runs it, reports its error.
/// Gives the exit code.
int run_program(std::span<const std::string> words, CommandContext& context);

}  // namespace ibuild::cli
