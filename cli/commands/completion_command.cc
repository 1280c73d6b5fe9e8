#include "cli/commands/completion_command.h"

#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "cli/command_table.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

namespace {

/// Each command is asked for its options.
std::vector<ListedCommand> list_commands(CommandContext& context) {
  std::vector<ListedCommand> listed;
  for (const auto& command : commands()) {
    if (command.shown == Command::Shown::hidden) continue;
    std::ostringstream out;
    CommandContext own{context.in, out, context.err};
    const std::vector<std::string> words = {std::string(OptionParser::kListOptions)};
    command.run(words, own);
    listed.push_back(
        {std::string(command.name), std::string(command.summary), read_listed_options(out.str())});
  }
  return listed;
}

}  // namespace

int run_completion(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild completion", "Prints a script that completes command lines");
  std::string shell;
  parser.operand("SHELL", shell, "bash, zsh or fish");
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  if (shell == "bash") {
    context.out << bash_completion(list_commands(context));
  } else if (shell == "zsh") {
    context.out << zsh_completion(list_commands(context));
  } else if (shell == "fish") {
    context.out << fish_completion(list_commands(context));
  } else {
    throw base::UsageError("there is no completion for " + base::printable(shell) +
                           ": use bash, zsh or fish");
  }
  return kSuccess;
}

}  // namespace ibuild::cli
