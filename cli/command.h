#pragma once

#include <istream>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace ibuild::cli {

/// What a command has of the world besides its own arguments.
struct CommandContext {
  std::istream& in;
  std::ostream& out;  // results
  std::ostream& err;  // progress and messages
  // The program's own command line, for those that start it again in a user namespace.
  int argc = 0;
  char** argv = nullptr;
  // The descriptor behind `in`; -1: there is none. See: standard_input().
  int in_fd = -1;
  int out_fd = -1;  // behind `out`, likewise
};

/// The words after the command's name.
using Arguments = std::span<const std::string>;

struct Command {
  enum class Shown { in_help, hidden };
  std::string_view name;
  std::string_view summary;
  /// Gives the exit code. Throws: what main() reports.
  int (*run)(Arguments, CommandContext&);
  Shown shown = Shown::in_help;
};

}  // namespace ibuild::cli
