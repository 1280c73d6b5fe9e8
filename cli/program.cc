#include "cli/program.h"

#include <poll.h>

#include <cerrno>
#include <exception>

#include "base/error.h"
#include "cli/command_table.h"
#include "cli/commands/version_command.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"

namespace ibuild::cli {

namespace {

int run_words(std::span<const std::string> words, CommandContext& context) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    (words.empty() ? context.err : context.out) << general_help();
    return words.empty() ? kUsage : kSuccess;
  }
  if (words[0] == "--version") return run_version({}, context);
  const auto chosen = dispatch(words);
  return chosen.command->run(chosen.arguments, context);
}

/// The end of a pipe that nobody holds the other end of.
bool is_read_by_nobody(int fd) {
  pollfd entry{fd, POLLOUT, 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLERR) != 0;
}

/// What did not get out is an error; that the reader has had enough (`| head`) is none to speak of.
int finish_output(CommandContext& context, int code) {
  errno = 0;
  context.out.flush();
  const int error_number = errno;
  if (!context.out.fail()) return code;
  if (is_read_by_nobody(context.out_fd)) return code == kSuccess ? kOutputClosed : code;
  if (error_number != 0) {
    report_error(context.err, base::SystemError(error_number, "write", "standard output"));
  } else {
    report_error(context.err, base::Error("standard output could not be written"));
  }
  return code == kSuccess ? kFailure : code;
}

}  // namespace

int run_program(std::span<const std::string> words, CommandContext& context) {
  int code = kSuccess;
  try {
    code = run_words(words, context);
  } catch (const std::exception& error) {
    report_error(context.err, error);
    code = exit_code_for(error);
  }
  return finish_output(context, code);
}

}  // namespace ibuild::cli
