#include "cli/log_lines.h"

#include <catch2/catch.hpp>

using namespace ibuild;
using cli::defuse;
using cli::LineCutter;
using Lines = std::vector<std::string>;

TEST_CASE("defuse: plain text and other languages pass", "[cli]") {
  CHECK(defuse("a\tb grüße 日本") == "a\tb grüße 日本");
}

TEST_CASE("defuse: colours and cursor movements are dropped", "[cli]") {
  CHECK(defuse("\x1b[1;31mred\x1b[0m \x1b[2K\x1b[1Aok") == "red ok");
}

TEST_CASE("defuse: titles, links and device strings are dropped", "[cli]") {
  CHECK(defuse("a\x1b]0;title\x07z") == "az");
  CHECK(defuse("a\x1b]8;;http://x\x1b\\z") == "az");
  CHECK(defuse("a\x1bPq#0\x1b\\z") == "az");
}

TEST_CASE("defuse: what is not finished takes the rest of the line", "[cli]") {
  CHECK(defuse("a\x1b]0;never ends") == "a");
  CHECK(defuse("a\x1b[1;2") == "a");
  CHECK(defuse("a\x1b") == "a");
}

TEST_CASE("defuse: other control bytes are shown", "[cli]") {
  CHECK(defuse("bell\a back\b") == "bell\\x07 back\\x08");
  CHECK(defuse("\xff\xc2\x9b") == "\\xff\\xc2\\x9b");
}

TEST_CASE("line_cutter: lines come out when they are whole", "[cli]") {
  LineCutter cutter;
  CHECK(cutter.add("on").empty());
  CHECK(cutter.add("e\ntwo\nth") == Lines{"one", "two"});
  CHECK(cutter.take_rest() == "th");
  CHECK_FALSE(cutter.take_rest());
}

TEST_CASE("line_cutter: empty lines stay", "[cli]") {
  LineCutter cutter;
  CHECK(cutter.add("a\n\nb\n") == Lines{"a", "", "b"});
}

TEST_CASE("line_cutter: CR LF is one line end, also across writes", "[cli]") {
  LineCutter cutter;
  CHECK(cutter.add("a\r") == Lines{"a"});
  CHECK(cutter.add("\nb\r\n\r\nc\r\r\n") == Lines{"b", "", "c"});
}

TEST_CASE("line_cutter: a progress bar comes out as lines", "[cli]") {
  LineCutter cutter;
  CHECK(cutter.add("10%\r20%\r\r30%\n") == Lines{"10%", "20%", "30%"});
}

TEST_CASE("line_cutter: an endless line is cut", "[cli]") {
  LineCutter cutter;
  const auto lines = cutter.add(std::string(LineCutter::kMaxLineBytes * 2 + 1, 'x'));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() == LineCutter::kMaxLineBytes);
  CHECK(cutter.take_rest() == "x");
}
