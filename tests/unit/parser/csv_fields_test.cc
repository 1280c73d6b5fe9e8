#include "parser/csv_fields.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using ibuild::base::UsageError;
using ibuild::parser::split_csv;
using Strings = std::vector<std::string>;

TEST_CASE("csv_fields: commas part fields, also empty ones", "[parser]") {
  CHECK(split_csv("a,b c,") == Strings{"a", "b c", ""});
  CHECK(split_csv(",") == Strings{"", ""});
}

TEST_CASE("csv_fields: quotes hold commas and doubled quotes", "[parser]") {
  CHECK(split_csv("\"a,b\",c") == Strings{"a,b", "c"});
  CHECK(split_csv("\"a\"\"b\"") == Strings{"a\"b"});
  CHECK(split_csv("\"\",x") == Strings{"", "x"});
}

TEST_CASE("csv_fields: a line end is no part of it", "[parser]") {
  CHECK(split_csv("a,b\r\n") == Strings{"a", "b"});
  CHECK(split_csv("a\n") == Strings{"a"});
}

TEST_CASE("csv_fields: nothing and misplaced quotes are faults", "[parser]") {
  for (const char* line : {"", "\n", "a\"b", "\"a", "\"a\"b", "a,\"b"}) {
    INFO(line);
    CHECK_THROWS_AS(split_csv(line), UsageError);
  }
}
