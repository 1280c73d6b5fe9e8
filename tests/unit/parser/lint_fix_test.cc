#include "parser/lint_fix.h"

#include <catch2/catch.hpp>

#include "tests/unit/parser/lint_helpers.h"

using namespace ibuild::parser;
using ibuild::parser::test::parse;

namespace {

/// One round of mending.
std::string mend(const std::string& source) {
  const Dockerfile dockerfile = parse(source);
  const auto fixes = find_fixes(dockerfile, lint_dockerfile(dockerfile, {}).warnings);
  return apply_fixes(source, fixes);
}

std::vector<LintFix> fixes_of(const std::string& source) {
  const Dockerfile dockerfile = parse(source);
  return find_fixes(dockerfile, lint_dockerfile(dockerfile, {}).warnings);
}

}  // namespace

TEST_CASE("lint fix: letter case of keywords and stage names", "[parser]") {
  CHECK(mend("FROM a as build\n") == "FROM a AS build\n");
  CHECK(mend("from a AS build\n") == "from a as build\n");
  CHECK(mend("FROM a AS Build\n") == "FROM a AS build\n");
  CHECK(mend("FROM a\nRUN x\nrun  y\n") == "FROM a\nRUN x\nRUN  y\n");
  CHECK(mend("FROM a\nrun x\nrun y\n") == "from a\nrun x\nrun y\n");
}

TEST_CASE("lint fix: empty lines of a continuation are taken out, comments stay", "[parser]") {
  CHECK(mend("FROM a\nRUN x && \\\n\n  # why\n\n  y\n\nRUN z\n") ==
        "FROM a\nRUN x && \\\n  # why\n  y\n\nRUN z\n");
  CHECK(mend("FROM a\r\nRUN x && \\\r\n\r\n  y\r\n") == "FROM a\r\nRUN x && \\\r\n  y\r\n");
  CHECK(mend("# escape=`\nFROM a\nRUN x `\n  \n  y\n") == "# escape=`\nFROM a\nRUN x `\n  y\n");
}

TEST_CASE("lint fix: an empty line in a heredoc is none of a continuation", "[parser]") {
  const std::string source = "FROM a\nRUN <<EOF\nx\n\ny\nEOF\n";
  CHECK(mend(source) == source);
}

TEST_CASE("lint fix: MAINTAINER becomes a label of the same text", "[parser]") {
  CHECK(mend("FROM a\nMAINTAINER Jo <jo@x.org>\n") ==
        "FROM a\nLABEL org.opencontainers.image.authors=\"Jo <jo@x.org>\"\n");
  CHECK(mend("FROM a\nMAINTAINER \"Jo\" $5\n") ==
        "FROM a\nLABEL org.opencontainers.image.authors=\"\\\"Jo\\\" \\$5\"\n");
  CHECK(mend("# escape=`\nFROM a\nMAINTAINER C:\\ `x\n") ==
        "# escape=`\nFROM a\nLABEL org.opencontainers.image.authors=\"C:\\ ``x\"\n");
}

TEST_CASE("lint fix: key and value of the old form get an equals sign", "[parser]") {
  CHECK(mend("FROM a\nENV A b\n") == "FROM a\nENV A=b\n");
  CHECK(mend("FROM a\nENV A   b c # d  \n") == "FROM a\nENV A=\"b c # d\"  \n");
  CHECK(mend("FROM a\nENV A $B/c d\n") == "FROM a\nENV A=\"$B/c d\"\n");
  CHECK(mend("FROM a\nENV A \"b c\"\n") == "FROM a\nENV A=\"b c\"\n");
  CHECK(mend("FROM a\nLABEL k v\n") == "FROM a\nLABEL k=v\n");
}

TEST_CASE("lint fix: a value whose quotes stand between blanks has no obvious form", "[parser]") {
  for (const std::string line : {"ENV A b \"c\" d", "ENV A b\\ c d", "ENV A it's b",
                                 "ENV A \"b\" \"c\"", "ENV A b \\\n  c"}) {
    const std::string source = "FROM a\n" + line + "\n";
    CHECK(mend(source) == source);
  }
}

TEST_CASE("lint fix: the platform that is there anyway is taken out", "[parser]") {
  CHECK(mend("FROM --platform=$TARGETPLATFORM  a AS b\n") == "FROM a AS b\n");
  CHECK(mend("FROM --platform=${TARGETPLATFORM} a\n") == "FROM a\n");
}

TEST_CASE("lint fix: protocols in lower case, and no host part, in EXPOSE", "[parser]") {
  CHECK(mend("FROM a\nEXPOSE 80/TCP  90/udp 1/Udp\n") == "FROM a\nEXPOSE 80/tcp  90/udp 1/udp\n");
  CHECK(mend("FROM a\nEXPOSE 127.0.0.1:80:8080 5000:5001/tcp\n") ==
        "FROM a\nEXPOSE 8080 5001/tcp\n");
}

TEST_CASE("lint fix: what has no one obvious mend stays", "[parser]") {
  for (const std::string source :
       {"FROM a\nCMD run it\n", "FROM a\nWORKDIR app\n", "FROM a\nARG TOKEN\n",
        "FROM a AS x\nFROM b AS x\n", "FROM --platform=linux/amd64 a\n",
        "FROM a\nCMD [\"x\"]\nCMD [\"y\"]\n"}) {
    CHECK(fixes_of(source).empty());
  }
}

TEST_CASE("lint fix: a rule that is skipped mends nothing", "[parser]") {
  const std::string source =
      "# check=skip=FromAsCasing\nFROM a as b\n# check=skip=LegacyKeyValueFormat\nENV A b\n";
  CHECK(mend(source) == source);
}

TEST_CASE("lint fix: a byte order mark moves nothing", "[parser]") {
  CHECK(mend("\xef\xbb\xbf"
             "FROM a as b\nENV A b\n") ==
        "\xef\xbb\xbf"
        "FROM a AS b\nENV A=b\n");
}

TEST_CASE("lint fix: a fix says what it does, and to which bytes", "[parser]") {
  const auto fixes = fixes_of("FROM a as b\n");
  REQUIRE(fixes.size() == 1);
  CHECK(fixes[0].rule == LintRule::from_as_casing);
  CHECK(fixes[0].what == "'as' becomes 'AS'");
  REQUIRE(fixes[0].edits.size() == 1);
  CHECK(fixes[0].edits[0].begin == 7);
  CHECK(fixes[0].edits[0].end == 9);
}

TEST_CASE("lint fix: of two that meet the first is made, the other a round later", "[parser]") {
  const std::string once = mend("FROM a\nEXPOSE 1:2/TCP\n");
  CHECK(mend(once) == "FROM a\nEXPOSE 2/tcp\n");
  CHECK(fixes_of(mend(once)).empty());
}
