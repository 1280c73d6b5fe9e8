#include "parser/command_split.h"

#include <catch2/catch.hpp>

using namespace ibuild::parser;

namespace {

std::vector<std::string> flags_of(std::string_view line, char escape = '\\') {
  std::vector<std::string> flags;
  for (const Word& flag : split_command(line, escape).flags) flags.push_back(flag.text);
  return flags;
}
using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("command_split: keyword and arguments part at blanks", "[parser]") {
  const auto command = split_command("  RUN \t make  all  ", '\\');
  CHECK(command.keyword.text == "RUN");
  CHECK(command.arguments.text == "make  all");
}

TEST_CASE("command_split: offsets are those of the line", "[parser]") {
  const std::string line = " COPY --link  a b ";
  const auto command = split_command(line, '\\');
  CHECK(line.substr(command.keyword.begin, command.keyword.end - command.keyword.begin) == "COPY");
  CHECK(line.substr(command.flags[0].begin, command.flags[0].end - command.flags[0].begin) ==
        "--link");
  CHECK(line.substr(command.arguments.begin, command.arguments.end - command.arguments.begin) ==
        "a b");
}

TEST_CASE("command_split: a keyword may stand alone", "[parser]") {
  const auto command = split_command("RUN", '\\');
  CHECK(command.keyword.text == "RUN");
  CHECK(command.arguments.text.empty());
  CHECK(split_command("", '\\').keyword.text.empty());
}

TEST_CASE("command_split: flags are the words in front with two dashes", "[parser]") {
  CHECK(flags_of("RUN --a=1 --b x --c") == Strings{"--a=1", "--b"});
  CHECK(split_command("RUN --a x --c", '\\').arguments.text == "x --c");
  CHECK(flags_of("RUN -x").empty());
  CHECK(split_command("RUN - --a", '\\').arguments.text == "- --a");
}

TEST_CASE("command_split: two dashes alone end the flags", "[parser]") {
  CHECK(flags_of("RUN --a -- --b c") == Strings{"--a"});
  CHECK(split_command("RUN --a -- --b c", '\\').arguments.text == "--b c");
  CHECK(split_command("RUN --", '\\').arguments.text.empty());
}

TEST_CASE("command_split: flags only leave no arguments", "[parser]") {
  CHECK(flags_of("RUN --a --b=c") == Strings{"--a", "--b=c"});
  CHECK(split_command("RUN --a --b=c", '\\').arguments.text.empty());
}

TEST_CASE("command_split: quotes in a flag hold blanks and vanish", "[parser]") {
  CHECK(flags_of("RUN --a=\"x y\" z") == Strings{"--a=x y"});
  CHECK(flags_of("RUN --a='x \"y' z") == Strings{"--a=x \"y"});
  CHECK(flags_of("RUN --a=\"open z") == Strings{"--a=open z"});
}

TEST_CASE("command_split: an escape takes the next character as it is, within quotes too",
          "[parser]") {
  CHECK(flags_of("RUN --a=x\\ y z") == Strings{"--a=x y"});
  CHECK(flags_of("RUN --a='x\\'y' z") == Strings{"--a=x'y"});
  CHECK(flags_of("RUN --a=x` y\\ z", '`') == Strings{"--a=x y\\"});
  CHECK(flags_of("RUN --a\\") == Strings{"--a"});
}

TEST_CASE("command_split: bytes beyond ASCII pass through a flag", "[parser]") {
  CHECK(flags_of("RUN --mount=target=/é\xff x") == Strings{"--mount=target=/é\xff"});
}
