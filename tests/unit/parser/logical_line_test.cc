#include "parser/logical_line.h"

#include <catch2/catch.hpp>

using namespace ibuild::parser;

TEST_CASE("logical_line: lines keep their ends and know their content", "[parser]") {
  SourceLines lines("one\r\ntwo\n\nlast");
  CHECK(lines.next()->text == "one\r\n");
  const auto two = lines.next();
  CHECK(two->content() == "two");
  CHECK(two->number == 2);
  CHECK(lines.next()->content().empty());
  CHECK(lines.next()->content() == "last");
  CHECK_FALSE(lines.next());
  CHECK(lines.line_number() == 4);
}

TEST_CASE("logical_line: a byte order mark is no part of the first line", "[parser]") {
  SourceLines lines(
      "\xef\xbb\xbf"
      "FROM x");
  CHECK(lines.next()->text == "FROM x");
}

TEST_CASE("logical_line: a mark later in the file stays", "[parser]") {
  SourceLines lines(
      "a\n\xef\xbb\xbf"
      "b");
  lines.next();
  CHECK(lines.next()->text ==
        "\xef\xbb\xbf"
        "b");
}

TEST_CASE("logical_line: an empty source has no lines", "[parser]") {
  SourceLines lines("");
  CHECK_FALSE(lines.next());
  CHECK(lines.line_number() == 0);
}

TEST_CASE("logical_line: offsets lead back to the line they came from", "[parser]") {
  LogicalLine line;
  line.append("RUN a ", {3, 1});
  line.append("  b", {5, 1});
  CHECK(line.text() == "RUN a   b");
  CHECK(line.position(0) == Position{3, 1});
  CHECK(line.position(5) == Position{3, 6});
  CHECK(line.position(6) == Position{5, 1});
  CHECK(line.position(8) == Position{5, 3});
}

TEST_CASE("logical_line: a range holds its last byte", "[parser]") {
  LogicalLine line;
  line.append("abcdef", {1, 4});
  CHECK(line.range(1, 3) == SourceRange{{1, 5}, {1, 6}});
  CHECK(line.range(2, 2) == SourceRange{{1, 6}, {1, 6}});
}
