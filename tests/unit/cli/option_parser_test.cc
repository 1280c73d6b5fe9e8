#include "cli/option_parser.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"

using namespace ibuild;
using cli::OptionParser;

namespace {

/// A parser with one option of each kind.
struct Sample {
  OptionParser parser{"ibuild sample", "A sample"};
  std::ostringstream out;
  bool flag = false;
  std::string text = "preset";
  std::optional<std::string> maybe;
  std::vector<std::string> list;

  Sample() {
    parser.flag("-q,--quiet", flag, "Be quiet");
    parser.value("-f,--file", "PATH", text, "A file");
    parser.value("--entrypoint", "PROGRAM", maybe, "A program");
    parser.list("-t,--tag", "NAME", list, "A tag");
    parser.refuse("--squash", OptionParser::Takes::no_value, "layers stay apart");
    parser.refuse("-m,--memory", OptionParser::Takes::value, "there are no limits");
    parser.ignore("--compress", OptionParser::Takes::no_value, "nothing is sent");
    parser.ignore("--security-opt", OptionParser::Takes::value, "all is safe");
    parser.ignore_false("--rm", "nothing is kept");
    parser.alias("--path", text);
  }
  OptionParser::Outcome parse(std::vector<std::string> words) { return parser.parse(words, out); }
};

std::string error_of(Sample& sample, std::vector<std::string> words) {
  try {
    (void)sample.parse(std::move(words));
  } catch (const base::UsageError& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "no error";
}

}  // namespace

TEST_CASE("option_parser: values are taken apart, joined and short", "[cli]") {
  Sample a, b, c, d;
  (void)a.parse({"--file", "x"});
  (void)b.parse({"--file=x"});
  (void)c.parse({"-f", "x"});
  (void)d.parse({"-fx"});
  CHECK(a.text == "x");
  CHECK(b.text == "x");
  CHECK(c.text == "x");
  CHECK(d.text == "x");
}

TEST_CASE("option_parser: a dash alone is a value", "[cli]") {
  Sample sample;
  (void)sample.parse({"-f", "-"});
  CHECK(sample.text == "-");
}

TEST_CASE("option_parser: what is not given stays as it was", "[cli]") {
  Sample sample;
  (void)sample.parse({});
  CHECK(sample.text == "preset");
  CHECK_FALSE(sample.maybe);
}

TEST_CASE("option_parser: an empty value is a value", "[cli]") {
  Sample sample;
  (void)sample.parse({"--entrypoint", ""});
  CHECK(sample.maybe == "");
}

TEST_CASE("option_parser: nothing behind the = is an empty value, and takes no word along",
          "[cli]") {
  Sample sample;
  std::vector<std::string> operands;
  sample.parser.operands("CONTEXT", 0, operands, "Files");
  (void)sample.parse({"--entrypoint=", "--tag=", "--file=", "--security-opt=", "."});
  CHECK(sample.maybe == "");
  CHECK(sample.list == std::vector<std::string>{""});
  CHECK(sample.text.empty());
  CHECK(operands == std::vector<std::string>{"."});
  CHECK_THAT(error_of(sample, {"--quiet=", "."}), Catch::StartsWith("--quiet= has no value"));
}

TEST_CASE("option_parser: a short option may have its value behind a =", "[cli]") {
  Sample a, b, c, d, e;
  (void)a.parse({"-f=x", "-t=a:1"});
  CHECK(a.text == "x");
  CHECK(a.list == std::vector<std::string>{"a:1"});
  (void)b.parse({"-f==x", "-t", "=y"});  // the first = only, and none of the next word
  CHECK(b.text == "=x");
  CHECK(b.list == std::vector<std::string>{"=y"});
  (void)c.parse({"-q", "-q=false"});
  CHECK_FALSE(c.flag);
  (void)d.parse({"-qt=a", "-qtb", "-qt", "c"});
  CHECK(d.flag);
  CHECK(d.list == std::vector<std::string>{"a", "b", "c"});
  (void)e.parse({"-q=true", "-t", "-q=false"});
  CHECK(e.flag);
  CHECK(e.list == std::vector<std::string>{"-q=false"});
}

TEST_CASE("option_parser: -- ends the options", "[cli]") {
  Sample a, b, c;
  std::vector<std::string> operands;
  a.parser.operands("CONTEXT", 0, operands, "Files");
  (void)a.parse({"-q", "--", "-f=x"});
  CHECK(a.flag);
  CHECK(a.text == "preset");
  CHECK(operands == std::vector<std::string>{"-f=x"});
  (void)b.parse({"-f", "--"});
  CHECK(b.text == "--");
  std::vector<std::string> command;
  c.parser.command_line("IMAGE [COMMAND …]", command, "More");
  (void)c.parse({"-t=a", "busybox", "env", "-t=b", "--file=", "--", "-q=false"});
  CHECK(c.list == std::vector<std::string>{"a"});
  CHECK(command == std::vector<std::string>{"busybox", "env", "-t=b", "--file=", "--", "-q=false"});
}

TEST_CASE("option_parser: of one value the last counts, of a list all", "[cli]") {
  Sample sample;
  (void)sample.parse({"-f", "a", "-t", "1", "-t", "2", "-f", "b", "--tag=3"});
  CHECK(sample.text == "b");
  CHECK(sample.list == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("option_parser: flags can be set to true and false", "[cli]") {
  Sample on, off, last;
  (void)on.parse({"--quiet=true"});
  (void)off.parse({"-q", "--quiet=false"});
  (void)last.parse({"-q"});
  CHECK(on.flag);
  CHECK_FALSE(off.flag);
  CHECK(last.flag);
}

TEST_CASE("option_parser: a list option takes no operand with it", "[cli]") {
  Sample sample;
  std::string context;
  sample.parser.optional_operand("CONTEXT", context, "Where");
  (void)sample.parse({"-t", "app:1", "."});
  CHECK(sample.list == std::vector<std::string>{"app:1"});
  CHECK(context == ".");
}

TEST_CASE("option_parser: options may follow operands", "[cli]") {
  Sample sample;
  std::string context;
  sample.parser.operand("CONTEXT", context, "Where");
  (void)sample.parse({".", "-f", "x"});
  CHECK(sample.text == "x");
  CHECK(context == ".");
}

TEST_CASE("option_parser: short options may share a word", "[cli]") {
  Sample a, b, c;
  (void)a.parse({"-qfx"});
  (void)b.parse({"-qt", "one", "-ttwo"});
  (void)c.parse({"-f", "-q"});
  CHECK(a.flag);
  CHECK(a.text == "x");
  CHECK(b.flag);
  CHECK(b.list == std::vector<std::string>{"one", "two"});
  CHECK(c.text == "-q");
  CHECK_FALSE(c.flag);
  CHECK(Sample().parse({"-qh"}) == OptionParser::Outcome::help_shown);
}

TEST_CASE("option_parser: a missing operand is named", "[cli]") {
  Sample sample;
  std::vector<std::string> names;
  sample.parser.operands("NAME", 1, names, "Which");
  CHECK_THAT(error_of(sample, {}), Catch::Contains("needs NAME"));
}

TEST_CASE("option_parser: an operand too many is named", "[cli]") {
  Sample sample;
  std::string one;
  sample.parser.operand("ONE", one, "Which");
  CHECK_THAT(error_of(sample, {"a", "b"}), Catch::Contains("unexpected argument b"));
}

TEST_CASE("option_parser: a misspelt option gets a suggestion", "[cli]") {
  Sample sample;
  CHECK_THAT(error_of(sample, {"--fiel", "x"}),
             Catch::Contains("--fiel") && Catch::Contains("--file?"));
  CHECK_THAT(error_of(sample, {"--hepl"}), Catch::Contains("--help?"));
  CHECK_THAT(error_of(sample, {"--squahs"}), !Catch::Contains("--squash"));
}

TEST_CASE("option_parser: an option without its value is an error", "[cli]") {
  Sample sample;
  CHECK_THAT(error_of(sample, {"--file"}), Catch::Contains("--file"));
}

TEST_CASE("option_parser: what others have is refused by name, with the reason", "[cli]") {
  Sample sample;
  CHECK_THAT(error_of(sample, {"--squash"}),
             Catch::Contains("--squash") && Catch::Contains("stay apart"));
  CHECK_THAT(error_of(sample, {"-m", "1g"}),
             Catch::Contains("--memory") && Catch::Contains("no limits"));
}

TEST_CASE("option_parser: what has no effect is taken and told of", "[cli]") {
  using Remarks = std::vector<std::string>;
  Sample sample;
  (void)sample.parse({"--compress", "--security-opt", "seccomp=x", "--rm=false", "-f", "x"});
  CHECK(sample.text == "x");
  CHECK(sample.parser.remarks() == Remarks{"--compress has no effect: nothing is sent",
                                           "--security-opt has no effect: all is safe",
                                           "--rm=false has no effect: nothing is kept"});
  Sample other;
  (void)other.parse({"--rm", "--compress=false", "--rm=true"});
  CHECK(other.parser.remarks().empty());
}

TEST_CASE("option_parser: a flag without effect takes no operand along", "[cli]") {
  Sample sample;
  std::string operand;
  sample.parser.optional_operand("CONTEXT", operand, "");
  (void)sample.parse({"--rm", "dir"});
  CHECK(operand == "dir");
}

TEST_CASE("option_parser: an option may have another name, which no help shows", "[cli]") {
  Sample sample;
  (void)sample.parse({"--path=x"});
  CHECK(sample.text == "x");
}

TEST_CASE("option_parser: help tells of all options but the refused and the ignored", "[cli]") {
  Sample sample;
  CHECK(sample.parse({"--help"}) == OptionParser::Outcome::help_shown);
  CHECK_THAT(sample.out.str(), Catch::Contains("--entrypoint") && Catch::Contains("A sample"));
  for (const char* hidden : {"squash", "compress", "--rm", "--path"})
    CHECK_THAT(sample.out.str(), !Catch::Contains(hidden));
}

TEST_CASE("option_parser: descriptions stand below each other, whatever the names hold", "[cli]") {
  Sample sample;
  sample.parser.list("--attest", "type=KIND[,…]", sample.list, "Described");
  (void)sample.parse({"--help"});
  const auto& help = sample.out.str();
  CHECK_THAT(help, Catch::Contains("\n  -f,--file PATH                  A file\n"));
  CHECK_THAT(help, Catch::Contains("\n  --attest type=KIND[,…]          Described\n"));
}

TEST_CASE("option_parser: a command line goes on with another program's options", "[cli]") {
  Sample sample;
  std::vector<std::string> command;
  sample.parser.command_line("IMAGE [COMMAND …]", command, "More");
  (void)sample.parse({"-q", "busybox", "ls", "-l", "--file=x", "--unknown"});
  CHECK(sample.flag);
  CHECK(sample.text == "preset");
  CHECK(command == std::vector<std::string>{"busybox", "ls", "-l", "--file=x", "--unknown"});
}

TEST_CASE("option_parser: an unknown option before the command line is an error", "[cli]") {
  Sample sample;
  std::vector<std::string> command;
  sample.parser.command_line("IMAGE [COMMAND …]", command, "More");
  CHECK_THAT(error_of(sample, {"--qiet", "busybox"}), Catch::Contains("--quiet?"));
}
