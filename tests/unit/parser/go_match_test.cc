#include <catch2/catch.hpp>

#include "base/error.h"
#include "parser/ignore_matcher.h"

using ibuild::parser::go_match;
using ibuild::parser::has_wildcard;

TEST_CASE("go_match: the whole name must match", "[parser]") {
  CHECK(go_match("abc", "abc"));
  CHECK_FALSE(go_match("ab", "abc"));
  CHECK_FALSE(go_match("abc", "ab"));
  CHECK(go_match("", ""));
}

TEST_CASE("go_match: a star takes all but slashes", "[parser]") {
  CHECK(go_match("*", "abc"));
  CHECK(go_match("*", ""));
  CHECK(go_match("a*c*e", "abcde"));
  CHECK(go_match("*/b", "a/b"));
  CHECK_FALSE(go_match("*", "a/b"));
  CHECK_FALSE(go_match("a*", "a/b"));
  CHECK(go_match("*aab", "aaaab"));
}

TEST_CASE("go_match: a question mark is one character but no slash", "[parser]") {
  CHECK(go_match("a?c", "abc"));
  CHECK(go_match("?", "é"));
  CHECK_FALSE(go_match("?", "/"));
  CHECK_FALSE(go_match("?", ""));
}

TEST_CASE("go_match: classes hold ranges and may be negated", "[parser]") {
  CHECK(go_match("[a-cx]", "b"));
  CHECK(go_match("[a-cx]", "x"));
  CHECK_FALSE(go_match("[a-c]", "d"));
  CHECK(go_match("[^a-c]", "d"));
  CHECK_FALSE(go_match("[^a-c]", "b"));
  CHECK(go_match("[é]", "é"));
  CHECK(go_match("[\\-]", "-"));
  CHECK(go_match("[*]", "*"));
}

TEST_CASE("go_match: a backslash takes the meaning off", "[parser]") {
  CHECK(go_match("a\\*", "a*"));
  CHECK_FALSE(go_match("a\\*", "ab"));
  CHECK(go_match("\\[", "["));
}

TEST_CASE("go_match: a bad pattern is a fault whether it matches or not", "[parser]") {
  for (const char* pattern :
       {"[", "[]", "[a", "[a-", "[-a]", "[a-]", "a\\", "x[", "*[", "[\\", "[^"}) {
    INFO(pattern);
    CHECK_THROWS_AS(go_match(pattern, "abc"), ibuild::base::UsageError);
  }
}

TEST_CASE("go_match: what stands behind a star that finds no place is not looked at", "[parser]") {
  CHECK_FALSE(go_match("x*[", "abc"));
  CHECK_THROWS_AS(go_match("a*[", "abc"), ibuild::base::UsageError);
}

TEST_CASE("go_match: bytes that are no UTF-8 can be matched", "[parser]") {
  CHECK(go_match("?", "\xff"));
  CHECK(go_match("*\xff", "a\xff"));
}

TEST_CASE("go_match: wildcards are seen unless escaped", "[parser]") {
  CHECK(has_wildcard("a*"));
  CHECK(has_wildcard("a?"));
  CHECK(has_wildcard("[a"));
  CHECK_FALSE(has_wildcard("a\\*b\\?\\["));
  CHECK_FALSE(has_wildcard("a]b"));
  CHECK_FALSE(has_wildcard("a\\"));
}
