#pragma once

#include <istream>
#include <ostream>
#include <span>
#include <string>

namespace ibuild::cli {

/// `ibuild debug WORD`: tools for those who work on ibuild. `parse FILE` prints the AST of a
/// Dockerfile, `plan FILE [NAME=VALUE…]` its steps; `words`, `dockerignore`, `reference`, `gitref`,
/// `lint`, `instructions` and `specdocs` read {"cases": […]} as JSON from `in` and write
/// {"results": […]} to `out`. Returns the exit code. Throws: base::UsageError for other words.
int run_debug(std::span<const std::string> args, std::istream& in, std::ostream& out,
              std::ostream& err);

}  // namespace ibuild::cli
