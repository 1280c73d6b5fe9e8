#include "parser/device.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using ibuild::base::UsageError;
using ibuild::parser::parse_device;

TEST_CASE("device: the name may have an equals sign of its own", "[parser]") {
  CHECK(parse_device("example.com/gpu=all").name == "example.com/gpu=all");
  CHECK(parse_device("example.com/gpu").name == "example.com/gpu");
  CHECK(parse_device("name=example.com/gpu=0").name == "example.com/gpu=0");
}

TEST_CASE("device: it may be required", "[parser]") {
  CHECK_FALSE(parse_device("a").required);
  CHECK(parse_device("a,required").required);
  CHECK(parse_device("required=true,a").required);
  CHECK_FALSE(parse_device("a,required=false").required);
}

TEST_CASE("device: faults are named", "[parser]") {
  CHECK_THROWS_AS(parse_device("a,name=b"), UsageError);
  CHECK_THROWS_AS(parse_device("a,b"), UsageError);
  CHECK_THROWS_AS(parse_device("a,required=maybe"), UsageError);
  CHECK_THROWS_AS(parse_device(""), UsageError);
}
