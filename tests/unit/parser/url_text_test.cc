#include "parser/url_text.h"

#include <catch2/catch.hpp>

using namespace ibuild::parser;
using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("url_text: a URL has five parts", "[parser]") {
  const UrlParts parts = split_url("HTTPS://me@host:1/a/b?c=d?e#f#g?h");
  CHECK(parts.scheme == "https");
  CHECK(parts.authority == "me@host:1");
  CHECK(parts.path == "/a/b");
  CHECK(parts.query == "c=d?e");
  CHECK(parts.fragment == "f#g?h");
}

TEST_CASE("url_text: parts may be missing", "[parser]") {
  const UrlParts parts = split_url("a/b");
  CHECK(parts.scheme.empty());
  CHECK(parts.path == "a/b");
  CHECK(split_url("a/b://c").path == "a/b://c");
  CHECK(split_url("1a://b").scheme.empty());
  CHECK(split_url("a+b-1.c://d").scheme == "a+b-1.c");
  CHECK(split_url("x://host").authority == "host");
  CHECK(split_url("x://host#f").fragment == "f");
}

TEST_CASE("url_text: percent signs are decoded", "[parser]") {
  CHECK(percent_decode("a%20b%2fC%2F") == "a b/C/");
  CHECK_FALSE(percent_decode("%"));
  CHECK_FALSE(percent_decode("a%4"));
  CHECK_FALSE(percent_decode("%zz"));
}

TEST_CASE("url_text: a query is a list of pairs", "[parser]") {
  CHECK(parse_query("a=b+c&d&&e=%3d=") == Pairs{{"a", "b c"}, {"d", ""}, {"e", "=="}});
  CHECK(parse_query("") == Pairs{});
  CHECK_FALSE(parse_query("a=%"));
  CHECK_FALSE(parse_query("a;b"));
}
