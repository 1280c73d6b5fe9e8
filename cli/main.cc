#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/standard_streams.h"
#include "sandbox/sandbox.h"

int main(int argc, char** argv) {
  ibuild::cli::reserve_standard_streams();
  if (argc > 1 && argv[1] == ibuild::sandbox::kSandboxChildArg) {
    ibuild::sandbox::sandbox_child_main(argc, argv);
  }
  std::ios::sync_with_stdio(false);
  // A closed pipe is an error like any other, not the end of the process in the middle of a commit.
  // A handler and not SIG_IGN, which every program that is started would inherit.
  // So is a file that may not grow (`ulimit -f`).
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, [](int) {});
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  ibuild::cli::CommandContext context{.in = std::cin,
                                      .out = std::cout,
                                      .err = std::cerr,
                                      .argc = argc,
                                      .argv = argv,
                                      .in_fd = STDIN_FILENO,
                                      .out_fd = STDOUT_FILENO};
  return ibuild::cli::run_program(words, context);
}
