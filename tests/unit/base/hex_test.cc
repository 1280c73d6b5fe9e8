#include "base/hex.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

using namespace ibuild::base;

TEST_CASE("hex: two digits a byte, also for bytes above 0x7f and for 0") {
  CHECK(to_hex("").empty());
  CHECK(to_hex(std::string_view("\0\x01\x7f\x80\xff", 5)) == "00017f80ff");
}

TEST_CASE("hex: digits are put behind what a text has already") {
  std::string text = "sha256:";
  append_hex(text, "\x0a\xf0");
  CHECK(text == "sha256:0af0");
}
