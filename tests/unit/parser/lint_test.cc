#include "parser/lint.h"

#include <catch2/catch.hpp>

#include "tests/unit/parser/lint_helpers.h"

using namespace ibuild::parser;
using test::findings;
using test::first_message;
using Strings = std::vector<std::string>;

TEST_CASE("lint: a good file has no findings", "[parser]") {
  CHECK(findings("FROM scratch AS a\nWORKDIR /x\nCOPY b .\nCMD [\"c\"]\n").empty());
}

TEST_CASE("lint: a finding has name, message, URL and place", "[parser]") {
  const LintReport report = lint_dockerfile(test::parse("FROM scratch\nMAINTAINER me\n"), {});
  REQUIRE(report.warnings.size() == 1);
  const Warning& warning = report.warnings[0];
  CHECK(warning.rule == "MaintainerDeprecated");
  CHECK(warning.message == "Maintainer instruction is deprecated in favor of using label");
  CHECK(warning.url == "https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/");
  CHECK(warning.range.start.line == 2);
}

TEST_CASE("lint: stage names are in lower case", "[parser]") {
  CHECK(findings("FROM scratch AS One\n") == Strings{"StageNameCasing:1"});
  CHECK(first_message("FROM scratch AS One\n") == "Stage name 'One' should be lowercase");
}

TEST_CASE("lint: AS has the case of FROM", "[parser]") {
  CHECK(findings("FROM scratch as a\n") == Strings{"FromAsCasing:1"});
  CHECK(findings("from scratch AS a\n") == Strings{"FromAsCasing:1"});
  CHECK(findings("from scratch as a\n").empty());
  CHECK(first_message("FROM scratch as a\n") == "'as' and 'FROM' keywords' casing do not match");
}

TEST_CASE("lint: keywords have one case, the majority's", "[parser]") {
  CHECK(findings("FROM scratch\nRUN a\nrun b\n") == Strings{"ConsistentInstructionCasing:3"});
  CHECK(findings("from scratch\nrun a\nRUN b\n") == Strings{"ConsistentInstructionCasing:3"});
  CHECK(findings("FROM scratch\nRun b\n") == Strings{"ConsistentInstructionCasing:2"});
  CHECK(findings("FROM scratch\nrun b\n") == Strings{"ConsistentInstructionCasing:2"});
}

TEST_CASE("lint: stage names are unique and not reserved", "[parser]") {
  CHECK(findings("FROM scratch AS a\nFROM scratch AS a\n") == Strings{"DuplicateStageName:2"});
  CHECK(findings("FROM scratch AS context\n") == Strings{"ReservedStageName:1"});
  CHECK(first_message("FROM scratch AS scratch\n") ==
        "Stage name should not use the same name as reserved stage \"scratch\"");
}

TEST_CASE("lint: empty lines in a continued instruction", "[parser]") {
  CHECK(findings("FROM scratch\nRUN a \\\n\n b\n") == Strings{"NoEmptyContinuation:4"});
}

TEST_CASE("lint: descriptions are looked at only when asked for", "[parser]") {
  const std::string bad =
      "# says nothing\nARG a=1\n# a is first\nARG a=1\n# oops\nFROM scratch AS b\n";
  CHECK(findings("#\n" + bad).empty());
  CHECK(findings("# check=experimental=all\n" + bad) ==
        Strings{"InvalidDefinitionDescription:3", "InvalidDefinitionDescription:7"});
  CHECK(first_message("# check=experimental=all\n# x\nARG a b\nFROM scratch") ==
        "Comment for ARG should follow the format: `# <arg_key> <description>`");
}

TEST_CASE("lint: the file's own check line is heard, and may be replaced", "[parser]") {
  const std::string file = "# check=skip=MaintainerDeprecated\nFROM scratch\nMAINTAINER me\n";
  CHECK(findings(file).empty());
  CHECK(findings(file, {.check = "skip=none"}) == Strings{"MaintainerDeprecated:3"});
}

TEST_CASE("lint: a comment right above silences one instruction", "[parser]") {
  CHECK(
      findings("FROM scratch\n# check=skip=MaintainerDeprecated\nMAINTAINER me\nMAINTAINER me\n") ==
      Strings{"MaintainerDeprecated:4"});
}

TEST_CASE("lint: findings may be errors", "[parser]") {
  const LintReport report =
      lint_dockerfile(test::parse("# check=error=true\nFROM scratch\nMAINTAINER a\n"), {});
  CHECK(report.findings_are_errors);
  CHECK_FALSE(
      lint_dockerfile(test::parse("# check=error=true\nFROM scratch\n"), {}).findings_are_errors);
}

TEST_CASE("lint: check options that cannot be read are the error", "[parser]") {
  const LintReport report = lint_dockerfile(test::parse("# check=nonsense\nFROM scratch\n"), {});
  REQUIRE(report.error);
  CHECK(report.error->code() == "invalid-directive");
  CHECK(report.error->range().start.line == 1);
  CHECK(lint_dockerfile(test::parse("FROM scratch"), {.check = "x"}).error);
}

TEST_CASE("lint: what comes before a fault is still found", "[parser]") {
  const LintReport report = lint_dockerfile(
      test::parse("FROM scratch AS Bad\nMAINTAINER me\nNOPE\nMAINTAINER you\n"), {});
  REQUIRE(report.error);
  CHECK(report.error->code() == "unknown-instruction");
  CHECK(report.warnings.size() == 2);
}

TEST_CASE("lint: nothing is found behind an instruction before the first FROM", "[parser]") {
  CHECK(findings("ARG a\nWORKDIR b\nMAINTAINER me\nFROM scratch as c\n").empty());
  CHECK(findings("MAINTAINER me\nFROM scratch as c\n") == Strings{"MaintainerDeprecated:1"});
  const LintReport report = lint_dockerfile(test::parse("RUN a\nNOPE\n"), {});
  REQUIRE(report.error);
  CHECK(report.error->code() == "no-stage");
}

TEST_CASE("lint: a file without stages is an error", "[parser]") {
  CHECK(lint_dockerfile(test::parse("ARG a\n"), {}).error->code() == "no-stage");
}

TEST_CASE("lint: variables that double and double are refused, not made", "[parser]") {
  std::string text = "FROM scratch\nENV A=0123456789abcdef\n";
  for (int i = 0; i < 40; ++i) text += "ENV A=$A$A\n";
  const LintReport report = lint_dockerfile(test::parse(text), {});
  REQUIRE(report.error);
  CHECK_THAT(report.error->what(), Catch::Contains("expanded to more than"));
}

TEST_CASE("lint: stages that stand on one another hand their variables on", "[parser]") {
  CHECK(findings("FROM scratch AS a\nENV A=1\nFROM a AS b\nLABEL x=$A\nFROM a AS c\nLABEL x=$A\n"
                 "FROM b\nLABEL x=$A$B\n") == std::vector<std::string>{"UndefinedVar:8"});
}
