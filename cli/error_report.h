#pragma once

#include <exception>
#include <ostream>
#include <string>

namespace ibuild::cli {

/// The exit code for an exception that ended a command: of one that has another nested in it, the
/// inner one's.
int exit_code_for(const std::exception& error);

/// Shows an error: its message and, on a line of its own, its hint. As programs that SIGPIPE ends
/// it says nothing of a standard output that nobody reads any more.
void report_error(std::ostream& err, const std::exception& error);

/// The Dockerfile an error may point into.
struct DockerfileText {
  std::string name;
  std::string text;
};
/// The same, with an excerpt of the Dockerfile before the message, and the line in it, when the
/// error has a place there.
void report_build_error(std::ostream& err, const std::exception& error,
                        const DockerfileText& dockerfile);

}  // namespace ibuild::cli
