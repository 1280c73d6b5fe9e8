#include "base/text.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace ibuild::base;
using Words = std::vector<std::string>;
using Parts = std::vector<std::string_view>;

TEST_CASE("text: split keeps empty parts", "[base]") {
  CHECK(split("a,b,c", ',') == Parts{"a", "b", "c"});
  CHECK(split("", ',') == Parts{""});
  CHECK(split(",a,,", ',') == Parts{"", "a", "", ""});
}

TEST_CASE("text: join is the inverse of split", "[base]") {
  CHECK(join(Words{"a", "b", ""}, ", ") == "a, b, ");
  CHECK(join(Words{}, ",").empty());
  CHECK(join(Words{"", ""}, ",") == ",");
}

TEST_CASE("text: trim takes blanks off both ends only", "[base]") {
  CHECK(trim(" \t\r\n\v\f a b \n") == "a b");
  CHECK(trim("").empty());
  CHECK(trim(" \t ").empty());
}

TEST_CASE("text: letter case is ASCII's", "[base]") {
  CHECK(to_lower("FrOm \xc3\x84Z") == "from \xc3\x84z");
  CHECK(iequals("FROM", "from"));
  CHECK_FALSE(iequals("FROM", "fro"));
  CHECK_FALSE(iequals("a", "b"));
  CHECK(iequals("", ""));
}

TEST_CASE("text: unsigned numbers are whole, unsigned and in range", "[base]") {
  CHECK(parse_u64("0") == 0u);
  CHECK(parse_u64("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  const auto bad = GENERATE("", "-1", "+1", " 1", "1 ", "1a", "0x1", "18446744073709551616", "1.0");
  CHECK(parse_u64(bad) == std::nullopt);
}

TEST_CASE("text: signed numbers may have a minus and nothing else", "[base]") {
  CHECK(parse_i64("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(parse_i64("42") == 42);
  const auto bad = GENERATE("", "-", "+1", "--1", "9223372036854775808", "1 ");
  CHECK(parse_i64(bad) == std::nullopt);
}

TEST_CASE("text: the nearest word is found for common slips", "[base]") {
  const Words instructions = {"FROM", "RUN", "COPY", "WORKDIR", "ENTRYPOINT", "HEALTHCHECK"};
  CHECK(nearest_word("FORM", instructions) == "FROM");  // swapped neighbours count once
  CHECK(nearest_word("fron", instructions) == "FROM");
  CHECK(nearest_word("CPY", instructions) == "COPY");
  CHECK(nearest_word("COPYY", instructions) == "COPY");
  CHECK(nearest_word("ENTRYPIONT", instructions) == "ENTRYPOINT");
  CHECK(nearest_word("WORK_DRI", instructions) == "WORKDIR");
}

TEST_CASE("text: a word far from all candidates has no neighbour", "[base]") {
  const Words instructions = {"FROM", "RUN", "COPY"};
  CHECK(nearest_word("BANANA", instructions) == std::nullopt);
  CHECK(nearest_word("", instructions) == std::nullopt);
  CHECK(nearest_word("FROM", Words{}) == std::nullopt);
  CHECK(nearest_word(std::string(100'000, 'x'), instructions) == std::nullopt);
  CHECK(nearest_word("x", Words{"y"}) == std::nullopt);
}

TEST_CASE("text: among equals the first candidate wins, and the nearer before it", "[base]") {
  CHECK(nearest_word("cat", Words{"car", "can"}) == "car");
  CHECK(nearest_word("stage", Words{"stagexy", "stages"}) == "stages");
  CHECK(nearest_word("build", Words{"builds", "build"}) == "build");
}

TEST_CASE("text: sizes for people", "[base]") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(7) == "7 B");
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(1024) == "1 KiB");
  CHECK(human_bytes(12 * 1024) == "12 KiB");
  CHECK(human_bytes(1536ull << 20) == "1.5 GiB");
  CHECK(human_bytes((1ull << 20) - 1) == "1 MiB");
  CHECK(human_bytes(std::numeric_limits<std::uint64_t>::max()) == "16 EiB");
}

TEST_CASE("text: printable keeps text and shows what a terminal would obey", "[base]") {
  CHECK(printable("plain caf\xc3\xa9 \xf0\x9f\x9a\x80") == "plain caf\xc3\xa9 \xf0\x9f\x9a\x80");
  CHECK(printable("\x1b[2J") == "\\x1b[2J");
  CHECK(printable("a\nb\tc\x7f") == "a\\x0ab\\x09c\\x7f");
  CHECK(printable("caf\xe9") == "caf\\xe9");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");  // C1 control sequence introducer
  CHECK(printable("\xe2\x80\xae"
                  "txt") == "\\xe2\\x80\\xaetxt");  // right-to-left override
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("text: words are quoted for the shell when they need it", "[base]") {
  CHECK(shell_quote("plain-word_1.2/x:y=z") == "plain-word_1.2/x:y=z");
  CHECK(shell_quote("").size() == 2);
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("$HOME") == "'$HOME'");
  CHECK(shell_quote("~") == "'~'");
}
