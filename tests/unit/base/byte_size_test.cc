#include "base/byte_size.h"

#include <catch2/catch.hpp>

using ibuild::base::parse_byte_size;

TEST_CASE("byte_size: numbers without a unit are bytes", "[base]") {
  CHECK(parse_byte_size("0") == 0u);
  CHECK(parse_byte_size("1000") == 1000u);
  CHECK(parse_byte_size("7b") == 7u);
}

TEST_CASE("byte_size: units are powers of 1024 in any spelling", "[base]") {
  CHECK(parse_byte_size("1k") == 1024u);
  CHECK(parse_byte_size("2KB") == 2048u);
  CHECK(parse_byte_size("1MiB") == 1u << 20);
  CHECK(parse_byte_size("3g") == 3ull << 30);
  CHECK(parse_byte_size("1T") == 1ull << 40);
  CHECK(parse_byte_size("1p") == 1ull << 50);
}

TEST_CASE("byte_size: fractions and one blank are read", "[base]") {
  CHECK(parse_byte_size("1.5k") == 1536u);
  CHECK(parse_byte_size("64 MiB") == 64u << 20);
  CHECK(parse_byte_size(".5k") == 512u);
}

TEST_CASE("byte_size: other texts are none", "[base]") {
  for (const char* text :
       {"", "k", "-1", "+1", "1x", "1kbb", "1ki", "1 0", "1  k", "1e3", "0x10", "1.2.3", "inf"}) {
    INFO(text);
    CHECK_FALSE(parse_byte_size(text));
  }
}

TEST_CASE("byte_size: what does not fit is none", "[base]") {
  CHECK(parse_byte_size("8191p"));
  CHECK_FALSE(parse_byte_size("8192p"));
  CHECK_FALSE(parse_byte_size("99999999999999999999"));
}
