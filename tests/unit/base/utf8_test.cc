#include "base/utf8.h"

#include <catch2/catch.hpp>

using namespace ibuild::base;

TEST_CASE("utf8: characters of each length are decoded", "[base]") {
  struct Case {
    const char* text;
    char32_t code_point;
    std::size_t size;
  };
  const auto c =
      GENERATE(Case{"A", 0x41, 1}, Case{"\xc2\x80", 0x80, 2}, Case{"\xdf\xbf", 0x7ff, 2},
               Case{"\xe0\xa0\x80", 0x800, 3}, Case{"\xef\xbf\xbf", 0xffff, 3},
               Case{"\xf0\x90\x80\x80", 0x10000, 4}, Case{"\xf4\x8f\xbf\xbf", 0x10ffff, 4});
  const Utf8Char decoded = decode_utf8(std::string(c.text) + "tail");
  CHECK(decoded.valid);
  CHECK(decoded.code_point == c.code_point);
  CHECK(decoded.size == c.size);
}

TEST_CASE("utf8: overlong forms, surrogates, cut and stray bytes are invalid", "[base]") {
  const std::string text =
      GENERATE("\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
               "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xe2\x28\xa1", "\xff");
  const Utf8Char decoded = decode_utf8(text);
  CHECK_FALSE(decoded.valid);
  CHECK(decoded.size == 1);
  CHECK_FALSE(is_valid_utf8("ok" + text));
}

TEST_CASE("utf8: invalid bytes are replaced one by one", "[base]") {
  CHECK(replace_invalid_utf8("caf\xe9!") == "caf\xef\xbf\xbd!");
  CHECK(replace_invalid_utf8("\xe2\x82") == "\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(replace_invalid_utf8("\xe2\x82\xac") == "\xe2\x82\xac");
  CHECK(is_valid_utf8(replace_invalid_utf8("\xff\xfe\x00x")));
  CHECK(is_valid_utf8(""));
}
