#include <catch2/catch.hpp>

#include "base/error.h"
#include "parser/ignore_matcher.h"

using ibuild::parser::read_ignore_file;
using Strings = std::vector<std::string>;

TEST_CASE("ignore_file: comments and blank lines are left out", "[parser]") {
  CHECK(read_ignore_file("# a\n\n  \nb\n#c") == Strings{"b"});
}

TEST_CASE("ignore_file: a # behind a blank is a pattern", "[parser]") {
  CHECK(read_ignore_file(" #a\n\\#b") == Strings{"#a", "\\#b"});
}

TEST_CASE("ignore_file: patterns are trimmed and cleaned", "[parser]") {
  CHECK(read_ignore_file("  a//b/ \r\n./c\nd/../e\n") == Strings{"a/b", "c", "e"});
}

TEST_CASE("ignore_file: a slash in front does not count", "[parser]") {
  CHECK(read_ignore_file("/a\n/\n!/b") == Strings{"a", "/", "!b"});
}

TEST_CASE("ignore_file: exceptions keep their mark", "[parser]") {
  CHECK(read_ignore_file("! a/./b\n!") == Strings{"!a/b", "!"});
}

TEST_CASE("ignore_file: a byte order mark is no part of the first pattern", "[parser]") {
  CHECK(read_ignore_file("\xef\xbb\xbf# a\n\xef\xbb\xbf"
                         "b") == Strings{"\xef\xbb\xbf"
                                         "b"});
  CHECK(read_ignore_file("\xef\xbb\xbf"
                         "a") == Strings{"a"});
}

TEST_CASE("ignore_file: lines may be of any length", "[parser]") {
  CHECK(read_ignore_file(std::string(200000, 'a') + "\nb").size() == 2);
}

TEST_CASE("ignore_file: a bad pattern is told with its line", "[parser]") {
  CHECK_THROWS_AS(ibuild::parser::parse_ignore_file("!"), ibuild::base::ContentError);
  CHECK_THROWS_WITH(ibuild::parser::parse_ignore_file("# all\n\nok\n!a[\n"),
                    "ignore file, line 4: bad pattern \"a[\"");
  CHECK(ibuild::parser::parse_ignore_file("ok\n").matches("ok"));
}
