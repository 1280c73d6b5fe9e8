#include "cli/completion.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"
#include "cli/commands/completion_command.h"
#include "cli/option_parser.h"

using namespace ibuild;
using namespace ibuild::cli;

namespace {

std::string completion(const std::string& shell) {
  std::istringstream in;
  std::ostringstream out, err;
  CommandContext context{in, out, err};
  const std::vector<std::string> words = {shell};
  CHECK(run_completion(words, context) == 0);
  CHECK(err.str().empty());
  return out.str();
}

}  // namespace

TEST_CASE("completion: options are listed with their kind, refused ones are not", "[cli]") {
  OptionParser parser("ibuild x", "X");
  bool flag = false;
  std::string value, operand;
  parser.flag("-q,--quiet", flag, "say less");
  parser.value("--file", "PATH", value, "what to read");
  parser.optional_operand("DIR", operand, "where");
  parser.refuse("--squash", OptionParser::Takes::no_value, "no");
  std::ostringstream out;
  const std::vector<std::string> words = {std::string(OptionParser::kListOptions)};
  CHECK(parser.parse(words, out) == OptionParser::Outcome::help_shown);
  const auto options = read_listed_options(out.str());
  REQUIRE(options.size() == 3);
  CHECK(options[0].names == std::vector<std::string>{"-h", "--help"});
  CHECK(options[1].names == std::vector<std::string>{"-q", "--quiet"});
  CHECK_FALSE(options[1].takes_value);
  CHECK(options[2].names == std::vector<std::string>{"--file"});
  CHECK(options[2].takes_value);
  CHECK(options[2].help == "what to read");
}

TEST_CASE("completion: every command that the help shows, with its options", "[cli]") {
  const auto bash = completion("bash");
  CHECK_THAT(bash, Catch::Contains(" check ") && Catch::Contains("--build-arg") &&
                       Catch::Contains("complete -o filenames -F _ibuild ibuild"));
  CHECK_THAT(bash, !Catch::Contains("debug)") && !Catch::Contains("--compress "));
  CHECK_THAT(completion("zsh"), Catch::StartsWith("#compdef ibuild\n"));
  CHECK_THAT(completion("fish"),
             Catch::Contains(
                 "-n '__fish_seen_subcommand_from check' -l format -r -d 'text, json or sarif'"));
}

TEST_CASE("completion: another shell is refused", "[cli]") {
  std::istringstream in;
  std::ostringstream out, err;
  CommandContext context{in, out, err};
  const std::vector<std::string> words = {"tcsh"};
  CHECK_THROWS_AS(run_completion(words, context), base::UsageError);
}
