#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "builder/run_impossible.h"
#include "cli/command_table.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "parser/diagnostic.h"
#include "registry/registry_client.h"
#include "sandbox/sandbox.h"

using namespace ibuild;
using Words = std::vector<std::string>;

namespace {

std::string command_of(const Words& words) {
  return std::string(cli::dispatch(words).command->name);
}

struct Run {
  int code = 0;
  std::string out;
  std::string err;
};

Run run(const Words& words) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  cli::CommandContext context{.in = in, .out = out, .err = err};
  const int code = cli::run_program(words, context);
  return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("dispatch: a command's name chooses it", "[cli]") {
  CHECK(command_of({"pull", "x"}) == "pull");
  CHECK(cli::dispatch(Words{"pull", "x"}).arguments == Words{"x"});
}

TEST_CASE("dispatch: everything else is a build", "[cli]") {
  CHECK(command_of({"-f", "Dockerfile", "-t", "app:1", "."}) == "build");
  CHECK(command_of({"."}) == "build");
  CHECK(cli::dispatch(Words{"-t", "x", "."}).arguments == Words{"-t", "x", "."});
}

TEST_CASE("dispatch: an option's value is no command", "[cli]") {
  CHECK(command_of({"-t", "save", "."}) == "build");
}

TEST_CASE("dispatch: a global option may stand before the command", "[cli]") {
  const auto split = cli::dispatch(Words{"--root", "/x", "images", "-q"});
  CHECK(split.command->name == "images");
  CHECK(split.arguments == Words{"--root", "/x", "-q"});
  CHECK(command_of({"--root=/x", "-t", "a", "."}) == "build");
}

TEST_CASE("program: help and version succeed, nothing at all does not", "[cli]") {
  CHECK_THAT(run({"--help"}).out,
             Catch::Contains("ibuild -f Dockerfile -t app:1 .") && !Catch::Contains("debug"));
  CHECK(run({"--help"}).code == 0);
  CHECK_THAT(run({"version"}).out, Catch::StartsWith("ibuild "));
  CHECK(run({"--version"}).out == run({"version"}).out);
  CHECK(run({}).code == cli::kUsage);
}

TEST_CASE("program: every command has help of its own", "[cli]") {
  for (const auto& command : cli::commands()) {
    if (command.shown == cli::Command::Shown::hidden) continue;
    CAPTURE(command.name);
    const auto result = run({std::string(command.name), "--help"});
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Catch::Contains("--help"));
  }
}

TEST_CASE("program: wrong usage exits with 2 and a hint", "[cli]") {
  const auto result = run({"pull", "--quite", "x"});
  CHECK(result.code == cli::kUsage);
  CHECK_THAT(result.err,
             Catch::Contains("--quite") && Catch::Contains("hint: did you mean --quiet?"));
}

TEST_CASE("program: a password on the command line is refused and not repeated", "[cli]") {
  const auto result = run({"login", "-u", "alice", "-p", "hunter2", "127.0.0.1:1"});
  CHECK(result.code == cli::kUsage);
  CHECK_THAT(result.err, Catch::Contains("--password-stdin") && !Catch::Contains("hunter2"));
}

TEST_CASE("exit_code: each kind of failure has its own", "[cli]") {
  CHECK(cli::exit_code_for(base::Error("x")) == 1);
  CHECK(cli::exit_code_for(std::runtime_error("x")) == 1);
  CHECK(cli::exit_code_for(base::UsageError("x")) == 2);
  CHECK(cli::exit_code_for(registry::RegistryError(500, {}, true, "x")) == 3);
  CHECK(cli::exit_code_for(sandbox::SandboxError("mount", "x")) == 4);
  CHECK(cli::exit_code_for(parser::DockerfileError(builder::kRunImpossible, {}, "x")) == 4);
  CHECK(cli::exit_code_for(parser::DockerfileError("run-failed", {}, "x")) == 1);
  CHECK(cli::exit_code_for(base::CancelledError()) == 130);
  try {
    try {
      throw registry::RegistryError(401, {}, false, "x");
    } catch (...) {
      std::throw_with_nested(parser::DockerfileError("image-not-loaded", {}, "x"));
    }
  } catch (const std::exception& error) {
    CHECK(cli::exit_code_for(error) == 3);
  }
}

TEST_CASE("error_report: message, hint, and the place in the Dockerfile", "[cli]") {
  std::ostringstream err;
  parser::SourceRange range{.start = {.line = 2, .column = 1}, .end = {.line = 2, .column = 5}};
  parser::DockerfileError error("unknown-instruction", range, "unknown instruction: RUNN");
  error.set_hint("did you mean RUN?");
  cli::report_build_error(err, error, {.name = "Dockerfile", .text = "FROM x\nRUNN y\n"});
  CHECK_THAT(err.str(), Catch::Contains("Dockerfile:2") && Catch::Contains("RUNN y"));
  CHECK_THAT(err.str(), Catch::Contains("ERROR: Dockerfile line 2: unknown instruction: RUNN\n"
                                        "hint: did you mean RUN?\n"));
}

TEST_CASE("error_report: nothing in a message reaches the terminal raw", "[cli]") {
  std::ostringstream err;
  cli::report_error(err, base::Error("bad \x1b]0;title\x07 name"));
  CHECK(err.str() == "ERROR: bad  name\n");
}

TEST_CASE("dispatch: a mistyped command is told what may have been meant", "[cli]") {
  for (const auto& [word, meant] : std::vector<std::pair<std::string, std::string>>{
           {"buidl", "build"}, {"pussh", "push"}, {"inspec", "inspect"}}) {
    const auto mistyped = run({word, "."});
    CHECK(mistyped.code == cli::kUsage);
    CHECK_THAT(mistyped.err, Catch::Contains(word + " is neither a command nor a directory"));
    CHECK_THAT(mistyped.err, Catch::Contains("did you mean `ibuild " + meant + "`?"));
  }
  CHECK(command_of({"contexts-of-mine"}) == "build");
  CHECK(command_of({"./pussh"}) == "build");
}

TEST_CASE("dispatch: what cannot be written to standard output is an error", "[cli]") {
  for (const std::string word : {"--help", "help", "version", "--version"}) {
    std::istringstream in;
    std::ofstream full("/dev/full");
    std::ostringstream err;
    cli::CommandContext context{.in = in, .out = full, .err = err};
    CHECK(cli::run_program(Words{word}, context) == cli::kFailure);
    CHECK_THAT(err.str(), Catch::StartsWith("ERROR: ") && Catch::Contains("standard output"));
  }
}
