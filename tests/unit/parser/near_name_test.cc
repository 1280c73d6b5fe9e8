#include "parser/near_name.h"

#include <catch2/catch.hpp>
#include <vector>

using ibuild::parser::near_name;
using Names = std::vector<std::string>;

TEST_CASE("near_name: less than three edits are near", "[parser]") {
  CHECK(near_name("nmae", Names{"name"}) == "name");
  CHECK(near_name("VERSIO", Names{"VERSION"}) == "VERSION");
  CHECK(near_name("X", Names{"FO"}) == "FO");
  CHECK_FALSE(near_name("abc", Names{"xyz"}));
  CHECK_FALSE(near_name("a", Names{"abcd"}));
  CHECK_FALSE(near_name("abcdef", Names{"xbcyez"}));
}

TEST_CASE("near_name: letter case counts", "[parser]") {
  CHECK_FALSE(near_name("pass", Names{"PASS"}));
  CHECK(near_name("Ab", Names{"AB"}) == "AB");
}

TEST_CASE("near_name: the nearest wins, the first of equals, and the name itself is none",
          "[parser]") {
  CHECK(near_name("abcd", Names{"abxy", "abcx", "abcy"}) == "abcx");
  CHECK_FALSE(near_name("ab", Names{"ac", "ab"}));
}
