#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/command.h"

namespace ibuild::cli {

/// All commands in the order of the help.
std::span<const Command> commands();

/// A command and what is left for it.
struct Dispatch {
  const Command* command = nullptr;
  std::vector<std::string> arguments;
};

/// Chooses the command: the first word that is no global option, when it names one; `build` else,
/// so that `ibuild -t app:1 .` builds. A global option before the command (--root) is handed to it.
/// Throws: base::UsageError with the command that may have been meant.
Dispatch dispatch(std::span<const std::string> words);

/// The text of `ibuild --help`.
std::string general_help();

}  // namespace ibuild::cli
