#include "parser/go_quote.h"

#include <catch2/catch.hpp>

#include <array>

using namespace ibuild::parser;

TEST_CASE("go_quote: plain text only gets its quotes", "[parser]") {
  CHECK(go_quote("a b'é😀") == "\"a b'é😀\"");
  CHECK(go_quote("") == "\"\"");
}

TEST_CASE("go_quote: quotes, backslashes and controls are escaped", "[parser]") {
  CHECK(go_quote("\"\\\a\b\f\n\r\t\v") == R"("\"\\\a\b\f\n\r\t\v")");
  CHECK(go_quote(std::string_view("\0\x1f\x7f", 3)) == R"("\x00\x1f\x7f")");
}

TEST_CASE("go_quote: what cannot be seen is escaped", "[parser]") {
  CHECK(go_quote("\xc2\xa0") == R"("\u00a0")");
  CHECK(go_quote("\xe2\x80\x8b") == R"("\u200b")");
  CHECK(go_quote("\xf3\xa0\x80\x81") == R"("\U000e0001")");
}

TEST_CASE("go_quote: bytes that are no UTF-8 are escaped one by one", "[parser]") {
  CHECK(go_quote("a\xff\xc3") == R"("a\xff\xc3")");
}

TEST_CASE("go_quote: lists stand in brackets", "[parser]") {
  const std::array<std::string, 2> texts = {"a", "b c"};
  CHECK(go_quote_list(texts) == R"(["a" "b c"])");
  CHECK(go_quote_list({}) == "[]");
}
