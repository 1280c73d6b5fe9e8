#include "layers/tar_numbers.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

namespace ibuild::layers {

namespace {

std::string base256(std::initializer_list<int> bytes) {
  std::string text;
  for (int byte : bytes) text += static_cast<char>(byte);
  return text;
}

std::int64_t nanoseconds(std::string_view text) {
  const auto time = parse_pax_time(text);
  REQUIRE(time);
  return time->time_since_epoch().count();
}

}  // namespace

TEST_CASE("tar_numbers: octal fields with blanks and NULs around", "[layers]") {
  CHECK(parse_tar_number(std::string_view("0000755\0", 8)) == 0755);
  CHECK(parse_tar_number(std::string_view("   755 \0", 8)) == 0755);
  CHECK(parse_tar_number(std::string_view("\0\0\0\0\0\0\0\0", 8)) == 0);
  CHECK(parse_tar_number("        ") == 0);
  CHECK(parse_tar_number("77777777") == 077777777);
  CHECK(parse_tar_number(std::string_view("12\0"
                                          "34567",
                                          8)) == 012);
  CHECK_FALSE(parse_tar_number("0000789"));
  CHECK_FALSE(parse_tar_number("-000001"));
  CHECK_FALSE(parse_tar_number("12 34"));
  CHECK_FALSE(parse_tar_number(""));
  CHECK_FALSE(parse_tar_number("7777777777777777777777777"));
}

TEST_CASE("tar_numbers: base-256 fields, also negative ones", "[layers]") {
  CHECK(parse_tar_number(base256({0x80, 0, 0, 0, 0, 0, 1, 0})) == 256);
  CHECK(parse_tar_number(base256({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe})) == -2);
  CHECK(parse_tar_number(base256({0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff})) == std::numeric_limits<std::int64_t>::max());
  CHECK_FALSE(parse_tar_number(base256({0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0})));
  CHECK_FALSE(parse_tar_number(base256({0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0})));
}

TEST_CASE("tar_numbers: pax times with fractions", "[layers]") {
  CHECK(nanoseconds("0") == 0);
  CHECK(nanoseconds("12") == 12'000'000'000);
  CHECK(nanoseconds("12.5") == 12'500'000'000);
  CHECK(nanoseconds("1.0000000019") == 1'000'000'001);
  CHECK(nanoseconds("-1.5") == -1'500'000'000);
  CHECK(nanoseconds("1.") == 1'000'000'000);
  for (const char* bad : {"", "x", "1.x", "-", "--1", "1.2.3", "1e9", " 1", "1.1111111111x"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_pax_time(bad));
  }
}

TEST_CASE("tar_numbers: times beyond what can be held become the nearest", "[layers]") {
  const auto far = time_from_seconds(std::numeric_limits<std::int64_t>::max());
  CHECK(far > time_from_seconds(9'000'000'000));
  CHECK(time_from_seconds(std::numeric_limits<std::int64_t>::min()) <
        time_from_seconds(-9'000'000'000));
  CHECK(parse_pax_time("9223372036854775807.9") >= far);
}

}  // namespace ibuild::layers
