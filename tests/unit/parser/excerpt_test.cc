#include <catch2/catch.hpp>

#include "parser/diagnostic.h"

using namespace ibuild::parser;

TEST_CASE("excerpt: two lines around, and a marker under the column", "[parser]") {
  const std::string source = "one\ntwo\nthree\nfour five\nsix\nseven\neight\n";
  CHECK(render_excerpt("Dockerfile", source, {{4, 6}, {4, 9}}) ==
        "Dockerfile:4:6\n"
        "--------------------\n"
        "   2 |     two\n"
        "   3 |     three\n"
        "   4 | >>> four five\n"
        "     |          ^~~~\n"
        "   5 |     six\n"
        "   6 |     seven\n"
        "--------------------\n");
}

TEST_CASE("excerpt: a whole line has no column and no marker", "[parser]") {
  CHECK(render_excerpt("D", "a\nb\n", {{2, 0}, {2, 0}}) ==
        "D:2\n--------------------\n   1 |     a\n   2 | >>> b\n--------------------\n");
}

TEST_CASE("excerpt: several lines are all marked", "[parser]") {
  CHECK(render_excerpt("D", "a\nb\n\nc\n", {{1, 1}, {3, 1}}) ==
        "D:1:1\n--------------------\n   1 | >>> a\n   2 | >>> b\n   3 | >>>\n   4 |     c\n"
        "--------------------\n");
}

TEST_CASE("excerpt: of many marked lines the first and last are shown", "[parser]") {
  std::string source;
  for (int i = 1; i <= 100; ++i) source += "line" + std::to_string(i) + "\n";
  const std::string text = render_excerpt("D", source, {{1, 1}, {50, 1}});
  CHECK(text.find("line8\n") != std::string::npos);
  CHECK(text.find("line9\n") == std::string::npos);
  CHECK(text.find("     | >>> …\n") != std::string::npos);
  CHECK(text.find("line49\n") != std::string::npos);
  CHECK(text.find("line52\n") != std::string::npos);
}

TEST_CASE("excerpt: no place gives the name alone", "[parser]") {
  CHECK(render_excerpt("Dockerfile", "a\n", {}) == "Dockerfile\n");
}

TEST_CASE("excerpt: control bytes are shown, not sent", "[parser]") {
  const std::string text = render_excerpt("D\x1b", "a\x1b[31m\tb\xff\n", {{1, 1}, {1, 1}});
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\xff') == std::string::npos);
  CHECK(text.find("\\x1b[31m    b\\xff") != std::string::npos);
}

TEST_CASE("excerpt: the marker stands right behind tabs and wide characters", "[parser]") {
  const std::string text = render_excerpt("D", "\té x\n", {{1, 5}, {1, 5}});
  CHECK(text.find("   1 | >>>     é x\n     |           ^\n") != std::string::npos);
}

TEST_CASE("excerpt: of a long line the part around the column is shown", "[parser]") {
  const std::string source = std::string(100000, 'a') + "HERE" + std::string(100000, 'b') + "\n";
  const std::string text = render_excerpt("D", source, {{1, 100001}, {1, 100004}});
  CHECK(text.size() < 600);
  CHECK(text.find("HERE") != std::string::npos);
  CHECK(text.find("^~~~\n") != std::string::npos);
}

TEST_CASE("excerpt: a place behind the end of the file or line does no harm", "[parser]") {
  CHECK(render_excerpt("D", "a\n", {{9, 1}, {9, 1}}).find("D:9:1\n") == 0);
  CHECK(render_excerpt("D", "a\n", {{1, 50}, {1, 60}}).find("     |      ^\n") !=
        std::string::npos);
  CHECK(render_excerpt("D", "", {{1, 1}, {1, 1}}).find("D:1:1\n") == 0);
}
