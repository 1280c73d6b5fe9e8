#include "cli/program.h"

#include <exception>

#include "cli/command_table.h"
#include "cli/commands/version_command.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"

namespace ibuild::cli {

int run_program(std::span<const std::string> words, CommandContext& context) {
  try {
    if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
      (words.empty() ? context.err : context.out) << general_help();
      return words.empty() ? kUsage : kSuccess;
    }
    if (words[0] == "--version") return run_version({}, context);
    const auto chosen = dispatch(words);
    const int code = chosen.command->run(chosen.arguments, context);
    context.out.flush();
    if (context.out.fail()) {
      context.err << "ERROR: standard output could not be written\n";
      return code == kSuccess ? kFailure : code;
    }
    return code;
  } catch (const std::exception& error) {
    report_error(context.err, error);
    return exit_code_for(error);
  }
}

}  // namespace ibuild::cli
