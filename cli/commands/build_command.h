#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild [build]`: from a Dockerfile to an image.
int run_build(Arguments arguments, CommandContext& context);

/// The same for a command that is a build with some options given; help and errors are its own.
struct BuildVariant {
  std::string command;               // "ibuild lock"
  std::string about;                 // what it does, for the help
  std::vector<std::string> options;  // that stand before those of the user
};
int run_build_variant(const BuildVariant& variant, Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
