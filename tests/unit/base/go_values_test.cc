#include "base/go_values.h"

#include <catch2/catch.hpp>

using namespace ibuild::base;
using namespace std::chrono_literals;

TEST_CASE("go_values: booleans have a few spellings", "[base]") {
  CHECK(parse_go_bool("1") == true);
  CHECK(parse_go_bool("True") == true);
  CHECK(parse_go_bool("f") == false);
  CHECK(parse_go_bool("FALSE") == false);
  CHECK_FALSE(parse_go_bool("tRUE"));
  CHECK_FALSE(parse_go_bool("yes"));
  CHECK_FALSE(parse_go_bool(""));
}

TEST_CASE("go_values: durations add up their parts", "[base]") {
  CHECK(parse_go_duration("1h30m") == 90min);
  CHECK(parse_go_duration("1m2s3ms4us5ns") == 1min + 2s + 3ms + 4us + 5ns);
  CHECK(parse_go_duration("2\xc2\xb5s") == 2us);
  CHECK(parse_go_duration("2\xce\xbcs") == 2us);
}

TEST_CASE("go_values: durations have fractions and signs", "[base]") {
  CHECK(parse_go_duration("1.5s") == 1500ms);
  CHECK(parse_go_duration(".5m") == 30s);
  CHECK(parse_go_duration("1.s") == 1s);
  CHECK(parse_go_duration("-2s") == -2s);
  CHECK(parse_go_duration("+2s") == 2s);
  CHECK(parse_go_duration("0.001s") == 1ms);
}

TEST_CASE("go_values: zero needs no unit", "[base]") {
  CHECK(parse_go_duration("0") == 0s);
  CHECK(parse_go_duration("-0") == 0s);
}

TEST_CASE("go_values: other texts are no durations", "[base]") {
  for (const char* text : {"", "1", "s", "1 s", "1S", "1d", ".s", "-", "1s2", "1s-2s", "1..5s"}) {
    INFO(text);
    CHECK_FALSE(parse_go_duration(text));
  }
}

TEST_CASE("go_values: durations that do not fit are none", "[base]") {
  CHECK(parse_go_duration("2562047h"));
  CHECK_FALSE(parse_go_duration("2562048h"));
  CHECK_FALSE(parse_go_duration("99999999999999999999s"));
  CHECK_FALSE(parse_go_duration("2562047h2562047h"));
}
