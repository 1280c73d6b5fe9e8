#include "parser/path_regex.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using ibuild::parser::PathRegex;

namespace {
bool matches(const char* expression, std::string_view text) {
  return PathRegex(expression).matches(text);
}
}  // namespace

TEST_CASE("path_regex: literals match from the start", "[parser]") {
  CHECK(matches("^ab$", "ab"));
  CHECK_FALSE(matches("^ab$", "xab"));
  CHECK_FALSE(matches("^ab$", "abx"));
  CHECK(matches("^ab", "abx"));
}

TEST_CASE("path_regex: repetition and option", "[parser]") {
  CHECK(matches("^a[^/]*b$", "a--b"));
  CHECK(matches("^a[^/]*b$", "ab"));
  CHECK_FALSE(matches("^a[^/]*b$", "a/b"));
  CHECK(matches("^(.*/)?b$", "b"));
  CHECK(matches("^(.*/)?b$", "x/y/b"));
  CHECK_FALSE(matches("^(.*/)?b$", "xb"));
}

TEST_CASE("path_regex: groups nest and may repeat", "[parser]") {
  CHECK(matches("^(a(b)?)*c$", "aababc"));
  CHECK_FALSE(matches("^(a(b)?)*c$", "abbc"));
}

TEST_CASE("path_regex: a dot is no new line", "[parser]") {
  CHECK(matches("^.$", "é"));
  CHECK_FALSE(matches("^.$", "\n"));
  CHECK(matches("^[^a]$", "\n"));
}

TEST_CASE("path_regex: classes hold ranges, escapes and names", "[parser]") {
  CHECK(matches("^[a-c\\]\\d]*$", "ab]7"));
  CHECK(matches("^[]a]$", "]"));
  CHECK(matches("^[a-]$", "-"));
  CHECK(matches("^[[:upper:]]$", "Q"));
  CHECK(matches("^[[:^upper:]]$", "q"));
  CHECK(matches("^[[:x]*$", "[:x"));
  CHECK_FALSE(matches("^[^\\w]$", "_"));
}

TEST_CASE("path_regex: escapes stand for classes, controls and themselves", "[parser]") {
  CHECK(matches("^\\d\\s\\W$", "7\t-"));
  CHECK(matches("^\\D\\S\\w$", "xx_"));
  CHECK(matches("^\\t\\.\\*$", "\t.*"));
}

TEST_CASE("path_regex: characters by their numbers", "[parser]") {
  CHECK(matches("^\\x41\\x7e\\xE9$", "A~é"));
  CHECK(matches("^[\\x41-\\x43]*$", "CAB"));
  CHECK(matches("^\\101\\60\\7777$",
                "A0\xc7\xbf"
                "7"));
  CHECK(matches("^\\0\\08$", std::string_view("\0\0"
                                              "8",
                                              3)));
  CHECK(matches("^[\\101-\\103]$", "B"));
}

TEST_CASE("path_regex: categories of characters by one letter", "[parser]") {
  CHECK(matches("^\\pL\\pN\\pP\\pS\\pZ\\pM$", "é¾-+ \xcc\x81"));
  CHECK_FALSE(matches("^\\pL$", "1"));
  CHECK(matches("^\\PL$", "1"));
  CHECK_FALSE(matches("^\\PL$", "Q"));
  CHECK(matches("^[\\pN_\\PL]*$", "٣_-"));
  CHECK(matches("^\\pC\\pC\\pC$", "\n\xe2\x80\x8b\xcd\xb8"));  // control, format, unassigned
  CHECK_FALSE(matches("^\\pC$", "a"));
}

TEST_CASE("path_regex: what is quoted stands for itself", "[parser]") {
  CHECK(matches("^\\Qa[^/]*\\E.$", "a[^/]*b"));
  CHECK(matches("^\\Qa|b$", "a|b$"));
  CHECK(matches("^\\Q\\Ea$", "a"));
}

TEST_CASE("path_regex: zero-width places", "[parser]") {
  CHECK(matches("^a\\b-", "a-"));
  CHECK_FALSE(matches("^a\\bb", "ab"));
  CHECK(matches("^a\\Bb", "ab"));
  CHECK(matches("^^a\\z", "a"));
  CHECK_FALSE(matches("^a^b", "ab"));
}

TEST_CASE("path_regex: a parent matches up to a slash", "[parser]") {
  const PathRegex regex("^a[^/]*$");
  CHECK(regex.matches_or_parent("abc"));
  CHECK(regex.matches_or_parent("abc/d/e"));
  CHECK_FALSE(regex.matches_or_parent("d/abc"));
  CHECK_FALSE(regex.matches("abc/d"));
}

TEST_CASE("path_regex: an alternative matches from anywhere that its anchors allow", "[parser]") {
  CHECK(matches("^a|b$", "ax"));
  CHECK(matches("^a|b$", "xb"));
  CHECK_FALSE(matches("^a|b$", "xbx"));
  CHECK(matches("^a|b?c|^d*e$", "dde"));
  CHECK(matches("^a|b?c|^d*e$", "xcx"));
  CHECK_FALSE(matches("^a|b?c|^d*e$", "xde"));
  CHECK(matches("^a$|", "x"));
  CHECK_FALSE(matches("^[a|b]$", "x"));
  CHECK(PathRegex("^a|b$").matches_or_parent("xb/y"));
}

TEST_CASE("path_regex: what is not of the language is refused", "[parser]") {
  for (const char* expression :
       {"[",      "[a",         "[b-a]", "(a",         "a)",
        "*",      "?a",         "\\",    "\\q",        "\\1",
        "\\8",    "\\x4",       "\\xg1", "\\x",        "\\p",
        "\\pQ",   "\\p\\{L\\}", "\\E",   "\\C",        "[\\Q]",
        "[\\x4]", "[\\b]",      "[\\q]", "[[:nope:]]", "((((((((((((a))))))))))))"}) {
    INFO(expression);
    CHECK_THROWS_AS(PathRegex(expression), ibuild::base::UsageError);
  }
}

TEST_CASE("path_regex: bytes that are no UTF-8 are characters of their own", "[parser]") {
  CHECK(matches("^.\xff$", "\xfe\xff"));
  CHECK_FALSE(matches("^\xff$", "\xfe"));
  CHECK(matches("^[^a]\\D$", "\xfe\xff"));
}

TEST_CASE("path_regex: time is linear in the text", "[parser]") {
  std::string expression = "^";
  for (int i = 0; i < 30; ++i) expression += "[^/]*a";
  CHECK_FALSE(PathRegex(expression + "$").matches(std::string(20000, 'a') + "b"));
}
