#include "parser/keyword.h"

#include <catch2/catch.hpp>

using namespace ibuild::parser;

TEST_CASE("keyword: letter case does not count", "[parser]") {
  CHECK(find_keyword("from") == Keyword::from);
  CHECK(find_keyword("HealthCheck") == Keyword::healthcheck);
}

TEST_CASE("keyword: other words are none", "[parser]") {
  CHECK_FALSE(find_keyword("FRM"));
  CHECK_FALSE(find_keyword(""));
  CHECK_FALSE(find_keyword("RUN "));
}

TEST_CASE("keyword: names and values agree", "[parser]") {
  CHECK(keyword_names().size() == 18);
  for (const std::string& name : keyword_names()) {
    const auto keyword = find_keyword(name);
    REQUIRE(keyword);
    CHECK(keyword_name(*keyword) == name);
  }
}
