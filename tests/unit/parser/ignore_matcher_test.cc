#include "parser/ignore_matcher.h"

#include <catch2/catch.hpp>
#include <optional>

#include "base/error.h"

using namespace ibuild::parser;
using Strings = std::vector<std::string>;

namespace {

bool ignores(const Strings& patterns, std::string_view path) {
  return IgnoreMatcher(patterns).matches(path);
}

/// As a walk asks: each directory's verdict is handed down.
bool walk_ignores(const IgnoreMatcher& matcher, std::string_view path) {
  std::optional<IgnoreMatcher::Verdict> verdict;
  for (std::size_t slash = 0; slash != std::string_view::npos;) {
    slash = path.find('/', slash + 1);
    verdict = matcher.match_with_parent(path.substr(0, slash), verdict ? &*verdict : nullptr);
  }
  return verdict->excluded;
}

}  // namespace

TEST_CASE("ignore_matcher: no patterns ignore nothing", "[parser]") {
  CHECK(IgnoreMatcher().empty());
  CHECK_FALSE(IgnoreMatcher().matches("a"));
  CHECK_FALSE(ignores({"", "  "}, "a"));
}

TEST_CASE("ignore_matcher: a plain pattern is a path from the top, and all below", "[parser]") {
  CHECK(ignores({"a/b"}, "a/b"));
  CHECK(ignores({"a/b"}, "a/b/c/d"));
  CHECK_FALSE(ignores({"b"}, "a/b"));
  CHECK_FALSE(ignores({"a/b"}, "a/bc"));
  CHECK(ignores({"a/./b/"}, "a/b"));
}

TEST_CASE("ignore_matcher: one star stays within its part", "[parser]") {
  CHECK(ignores({"*.md"}, "a.md"));
  CHECK_FALSE(ignores({"*.md"}, "a/b.md"));
  CHECK(ignores({"*/b*"}, "a/bc"));
  CHECK(ignores({"*"}, "a/b"));
}

TEST_CASE("ignore_matcher: two stars take any depth, also none", "[parser]") {
  CHECK(ignores({"**/x"}, "x"));
  CHECK(ignores({"**/x"}, "a/b/x"));
  CHECK(ignores({"**/x"}, "a/x/b"));
  CHECK_FALSE(ignores({"**/x"}, "ax"));
  CHECK(ignores({"a/**/b"}, "a/b"));
  CHECK(ignores({"a/**/b"}, "a/1/2/b"));
  CHECK(ignores({"a/**"}, "a/b/c"));
  CHECK_FALSE(ignores({"a/**"}, "a"));
  CHECK(ignores({"**"}, "a"));
  CHECK(ignores({"**/*.o"}, "a/b.o"));
}

TEST_CASE("ignore_matcher: two stars glued to text match its end", "[parser]") {
  CHECK(ignores({"**file"}, "a/myfile"));
  CHECK(ignores({"**file"}, "a/myfile/b"));
}

TEST_CASE("ignore_matcher: question marks, classes and escapes", "[parser]") {
  CHECK(ignores({"a?c"}, "abc"));
  CHECK_FALSE(ignores({"a?c"}, "a/c"));
  CHECK(ignores({"[ab]c"}, "bc"));
  CHECK(ignores({"[^ab]c"}, "cc"));
  CHECK(ignores({"a\\*"}, "a*"));
  CHECK_FALSE(ignores({"a\\*"}, "ab"));
  CHECK(ignores({"a+(b|c).{d}$"}, "a+(b|c).{d}$"));
  CHECK(ignores({"a.b*"}, "a.bc"));
  CHECK_FALSE(ignores({"a.b*"}, "axbc"));
}

TEST_CASE("ignore_matcher: an escaped letter has the meaning it has in RE2", "[parser]") {
  CHECK(ignores({"a\\d"}, "a7"));
  CHECK_FALSE(ignores({"a\\d"}, "ad"));
  CHECK_THROWS_AS(ignores({"a\\q"}, "aq"), ibuild::base::UsageError);
}

TEST_CASE("ignore_matcher: the last match decides", "[parser]") {
  CHECK_FALSE(ignores({"*", "!a"}, "a"));
  CHECK(ignores({"*", "!a"}, "b"));
  CHECK(ignores({"*", "!a*", "ab"}, "ab"));
  CHECK_FALSE(ignores({"!a"}, "a"));
  CHECK(ignores({"!a", "a"}, "a"));
}

TEST_CASE("ignore_matcher: a file may be taken back from an ignored directory", "[parser]") {
  CHECK_FALSE(ignores({"a", "!a/b/c"}, "a/b/c"));
  CHECK(ignores({"a", "!a/b/c"}, "a/b/d"));
  CHECK_FALSE(ignores({"a", "!a/b"}, "a/b/d"));
}

TEST_CASE("ignore_matcher: bytes that are no UTF-8 match themselves", "[parser]") {
  CHECK(ignores({"*\x8f"}, "a\x8f"));
  CHECK_FALSE(ignores({"*\x8f"}, "a\xf8/b\x8f"));
}

TEST_CASE("ignore_matcher: faulty patterns are named", "[parser]") {
  CHECK_THROWS_AS(IgnoreMatcher(Strings{"!"}), ibuild::base::UsageError);
  CHECK_THROWS_AS(IgnoreMatcher(Strings{"a["}), ibuild::base::UsageError);
  CHECK_THROWS_WITH(ignores({"[z-a]"}, "a"), Catch::Contains("[z-a]"));
}

TEST_CASE("ignore_matcher: a faulty pattern that nothing is asked of does no harm", "[parser]") {
  CHECK_FALSE(ignores({"![z-a]"}, "a"));
  CHECK(ignores({"a", "[z-a]"}, "a"));
  CHECK_THROWS_WITH(ignores({"a", "![z-a]"}, "a"), Catch::Contains("[z-a]"));
  CHECK(ignores({"b", "a*/[]"}, "b"));
}

TEST_CASE("ignore_matcher: a bar parts alternatives where there are wildcards", "[parser]") {
  CHECK(ignores({"a*|b"}, "a1x"));
  CHECK(ignores({"a*|b"}, "xb"));
  CHECK(ignores({"a*|b"}, "b/c"));
  CHECK_FALSE(ignores({"a*|b"}, "xbx"));
  CHECK(ignores({"x|[ab]|y"}, "1b2"));
  CHECK(ignores({"a|b"}, "a|b"));
  CHECK_FALSE(ignores({"a|b"}, "b"));
}

TEST_CASE("ignore_matcher: escapes mean what they mean to Go's regular expressions", "[parser]") {
  CHECK(ignores({"\\x41*"}, "Abc"));
  CHECK_FALSE(ignores({"\\x41*"}, "x41"));
  CHECK(ignores({"dir/\\101"}, "dir/A/below"));
  CHECK(ignores({"[\\x30-\\x39]*.txt"}, "7.txt"));
  CHECK(ignores({"\\pLx"}, "éx"));
  CHECK(ignores({"a\\Q[b]"}, "a[b]$"));
  CHECK(ignores({"a\\Q(b)\\E/*"}, "a\\(b\\)/c"));
}

TEST_CASE("ignore_matcher: escapes that Go's regular expressions refuse are named", "[parser]") {
  for (const char* pattern : {"\\p{L}", "\\x{41}", "\\x4*", "a\\1", "\\C", "x\\E"}) {
    INFO(pattern);
    CHECK_THROWS_WITH(ignores({pattern}, "a"),
                      Catch::Contains("bad pattern \"" + std::string(pattern)));
  }
}

TEST_CASE("ignore_matcher: it can be asked what it holds", "[parser]") {
  const IgnoreMatcher matcher(Strings{"a//b", "!c"});
  CHECK(matcher.patterns() == Strings{"a/b", "!c"});
  CHECK(matcher.has_exceptions());
  CHECK_FALSE(matcher.empty());
  CHECK_FALSE(IgnoreMatcher(Strings{"a"}).has_exceptions());
}

TEST_CASE("ignore_matcher: a walk comes to the same verdicts", "[parser]") {
  const std::vector<Strings> lists = {{"*", "!a", "a/b/*", "!a/b/c"},
                                      {"**/x", "!k/x/y", "k/x/y/z*"},
                                      {"a/**", "!a/b/c", "!**/keep"},
                                      {"!a/x", "a", "!a/x"}};
  const Strings paths = {"a",     "a/x",   "a/b",      "a/b/c", "a/b/c/d",
                         "a/b/d", "k/x/y", "k/x/y/z1", "x",     "a/keep/1"};
  for (const Strings& list : lists) {
    const IgnoreMatcher matcher(list);
    for (const std::string& path : paths) {
      INFO(list[0] << " … " << path);
      CHECK(walk_ignores(matcher, path) == matcher.matches(path));
    }
  }
}

TEST_CASE("ignore_matcher: an ignored directory is pruned when nothing below can come back",
          "[parser]") {
  CHECK(IgnoreMatcher(Strings{"a"}).can_prune("a"));
  const IgnoreMatcher matcher(Strings{"*", "!src/main/*.c", "!docs"});
  CHECK(matcher.can_prune("lib"));
  CHECK_FALSE(matcher.can_prune("src"));
  CHECK_FALSE(matcher.can_prune("src/main"));
  CHECK(matcher.can_prune("src/test"));
  CHECK(matcher.can_prune("src/main/deep"));
}

TEST_CASE("ignore_matcher: exceptions of unknown reach forbid pruning", "[parser]") {
  CHECK_FALSE(IgnoreMatcher(Strings{"*", "!**/x"}).can_prune("a/b"));
  CHECK_FALSE(IgnoreMatcher(Strings{"*", "![a-z]/x"}).can_prune("a"));
  CHECK_FALSE(IgnoreMatcher(Strings{"*", "!*/x"}).can_prune("a"));
  const IgnoreMatcher alternatives(Strings{"*", "!src/a|v*"});
  CHECK_FALSE(alternatives.can_prune("lib"));
  CHECK_FALSE(alternatives.matches("lib/v1"));
  CHECK(IgnoreMatcher(Strings{"*", "!*/x"}).can_prune("a/b"));
}
