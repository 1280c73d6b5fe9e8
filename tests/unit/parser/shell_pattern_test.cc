#include "parser/shell_pattern.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::parser;
using ibuild::base::UsageError;
using Extent = ShellPattern::Extent;
using Where = ShellPattern::Where;

namespace {

std::string prefix(const char* pattern, std::string_view text, Extent extent = Extent::shortest) {
  WorkBudget budget;
  return ShellPattern(pattern).strip_prefix(text, extent, budget);
}
std::string suffix(const char* pattern, std::string_view text, Extent extent = Extent::shortest) {
  WorkBudget budget;
  return ShellPattern::of_suffix(pattern).strip_suffix(text, extent, budget);
}
std::string replace(const char* pattern, std::string_view text, std::string_view with,
                    Where where) {
  WorkBudget budget;
  return ShellPattern(pattern).replace(text, with, where, budget);
}

}  // namespace

TEST_CASE("shell_pattern: a prefix is stripped at its shortest or longest", "[parser]") {
  CHECK(prefix("*/", "a/b/c") == "b/c");
  CHECK(prefix("*/", "a/b/c", Extent::longest) == "c");
  CHECK(prefix("x", "a/b/c") == "a/b/c");
  CHECK(prefix("", "abc") == "abc");
  CHECK(prefix("*", "abc", Extent::longest).empty());
}

TEST_CASE("shell_pattern: a suffix is stripped at its shortest or longest", "[parser]") {
  CHECK(suffix(".*", "a.tar.gz") == "a.tar");
  CHECK(suffix(".*", "a.tar.gz", Extent::longest) == "a");
  CHECK(suffix("z", "a.tar.gz") == "a.tar.g");
  CHECK(suffix("x", "abc") == "abc");
}

TEST_CASE("shell_pattern: a backslash that ends a suffix escapes what is before it", "[parser]") {
  CHECK(suffix("a*\\", "xa*") == "x");
  CHECK(suffix("a*\\", "xab") == "xab");
  CHECK(suffix("b/\\", "ab/") == "a");
  CHECK(suffix("}\\", "a}") == "a");
  // "\*\" is "\\*" from its end: a star, and a backslash behind it.
  CHECK(suffix("b\\*\\", "abc\\") == "a");
  CHECK_THROWS_AS(suffix("x\\", "ax"), UsageError);
  CHECK_THROWS_AS(suffix("\\", "a\\"), UsageError);
  CHECK_THROWS_AS(prefix("*\\", "a*"), UsageError);
}

TEST_CASE("shell_pattern: several stars are tried together", "[parser]") {
  CHECK(prefix("*b*d", "abcdbd") == "bd");
  CHECK(prefix("*b*d", "abcdbd", Extent::longest).empty());
  CHECK(suffix("b*d*", "abcdbd") == "abcd");
}

TEST_CASE("shell_pattern: a question mark is one character, of any size", "[parser]") {
  CHECK(prefix("?", "éa") == "a");
  CHECK(suffix("?", "aé") == "a");
  CHECK(prefix("??", "a") == "a");
}

TEST_CASE("shell_pattern: wildcards stop at a new line", "[parser]") {
  CHECK(prefix("*c", "a\nbc") == "a\nbc");
  CHECK(prefix("a\n*c", "a\nbc").empty());
}

TEST_CASE("shell_pattern: a backslash takes the meaning off", "[parser]") {
  CHECK(prefix("\\*", "*a") == "a");
  CHECK(prefix("\\?", "aa") == "aa");
  CHECK(prefix("\\\\", "\\a") == "a");
  CHECK(prefix("\\}\\/", "}/a") == "a");
}

TEST_CASE("shell_pattern: a backslash before anything else is a fault", "[parser]") {
  CHECK_THROWS_AS(ShellPattern("\\a"), ibuild::base::UsageError);
  CHECK_THROWS_AS(ShellPattern("a\\"), ibuild::base::UsageError);
}

TEST_CASE("shell_pattern: brackets are ordinary characters", "[parser]") {
  CHECK(prefix("[ab]", "[ab]c") == "c");
  CHECK(prefix("[ab]", "ac") == "ac");
}

TEST_CASE("shell_pattern: the first or all matches are replaced", "[parser]") {
  CHECK(replace("o", "foo", "0", Where::first) == "f0o");
  CHECK(replace("o", "foo", "0", Where::all) == "f00");
  CHECK(replace("x", "foo", "0", Where::all) == "foo");
}

TEST_CASE("shell_pattern: the leftmost match is the longest there", "[parser]") {
  CHECK(replace("a*b", "xaab-ab-c", "<>", Where::first) == "x<>-c");
  CHECK(replace("a?", "xabacad", ".", Where::all) == "x...");
}

TEST_CASE("shell_pattern: an empty pattern matches between characters", "[parser]") {
  CHECK(replace("", "ab", "-", Where::first) == "-ab");
  CHECK(replace("", "ab", "-", Where::all) == "-a-b-");
}

TEST_CASE("shell_pattern: a star matches the rest once", "[parser]") {
  CHECK(replace("*", "abc", "x", Where::all) == "x");
}

TEST_CASE("shell_pattern: anchored replacements hold to one end", "[parser]") {
  CHECK(replace("a", "aba", "x", Where::at_start) == "xba");
  CHECK(replace("a", "aba", "x", Where::at_end) == "abx");
  CHECK(replace("b", "aba", "x", Where::at_start) == "aba");
  CHECK(replace("b*", "abba", "x", Where::at_end) == "ax");
}

TEST_CASE("shell_pattern: the replacement of one match is text and nothing else", "[parser]") {
  CHECK(replace("a", "a", "$0$$\\*", Where::first) == "$0$$\\*");
  CHECK(replace("a", "a", "$0$$\\*", Where::at_start) == "$0$$\\*");
}

TEST_CASE("shell_pattern: dollars in the replacement of all matches are Go's", "[parser]") {
  CHECK(replace("?", "ab", "<$0${0}>", Where::all) == "<aa><bb>");
  CHECK(replace("a", "aba", "$$x", Where::all) == "$xb$x");
  CHECK(replace("a", "a", "1$1-2${2}-$name-$größe_1.", Where::all) == "1-2--.");
  CHECK(replace("a", "a", "$ ${ ${0 $} $-$", Where::all) == "$ ${ ${0 $} $-$");
  CHECK(replace("a", "a", "$00", Where::all).empty());
  CHECK(replace("b", "a", "$0", Where::all) == "a");
}

TEST_CASE("shell_pattern: bytes that are no UTF-8 match themselves", "[parser]") {
  CHECK(prefix("\xff",
               "\xff"
               "a") == "a");
  CHECK(prefix("?", "\xff\xfe") == "\xfe");
  CHECK(prefix("\xff",
               "\xfe"
               "a") ==
        "\xfe"
        "a");
}

TEST_CASE("shell_pattern: work is bounded", "[parser]") {
  std::string pattern;
  for (int i = 0; i < 5000; ++i) pattern += "*a";
  const std::string text(100000, 'a');
  WorkBudget budget;
  CHECK_THROWS_AS(ShellPattern(pattern + "b").strip_prefix(text, Extent::longest, budget),
                  ibuild::base::UsageError);
}
