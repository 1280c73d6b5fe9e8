#include "parser/json_strings.h"

#include <catch2/catch.hpp>

using namespace ibuild::parser;
using Strings = std::vector<std::string>;

TEST_CASE("json_strings: an array of strings is read with blanks around it", "[parser]") {
  const auto json = parse_json_strings(" [ \"a\" ,\t\"b c\" ] \n");
  REQUIRE(json);
  CHECK(json->strings == Strings{"a", "b c"});
  CHECK_FALSE(json->has_other_values);
}

TEST_CASE("json_strings: an empty array is an array", "[parser]") {
  REQUIRE(parse_json_strings("[]"));
  CHECK(parse_json_strings("[ ]")->strings.empty());
}

TEST_CASE("json_strings: escapes are resolved", "[parser]") {
  CHECK(parse_json_strings(R"(["\"\\\/\b\f\n\r\t"])")->strings[0] == "\"\\/\b\f\n\r\t");
  CHECK(parse_json_strings(R"(["\u00e9\ud83d\ude00"])")->strings[0] == "é😀");
}

TEST_CASE("json_strings: lone surrogates and bytes that are no UTF-8 become U+FFFD", "[parser]") {
  CHECK(parse_json_strings(R"(["\ud83dx\udc00"])")->strings[0] == "\xef\xbf\xbdx\xef\xbf\xbd");
  CHECK(parse_json_strings("[\"\xff\"]")->strings[0] == "\xef\xbf\xbd");
}

TEST_CASE("json_strings: a surrogate before another escape does not swallow it", "[parser]") {
  CHECK(parse_json_strings(R"(["\ud83d\u0041"])")->strings[0] ==
        "\xef\xbf\xbd"
        "A");
}

TEST_CASE("json_strings: other values are noticed but do not spoil the array", "[parser]") {
  for (const char* text : {R"(["a", 1])", R"([["a"]])", R"([{"k": [null, true]}])", "[-1.5e+3]",
                           "[false]", "[0]", "[{}]", "[[]]"}) {
    const auto json = parse_json_strings(text);
    REQUIRE(json);
    CHECK(json->has_other_values);
  }
}

TEST_CASE("json_strings: what is no JSON array is none", "[parser]") {
  for (const char* text : {"", "a", "[", "[\"a\"", "[\"a\",]", "['a']", "[\"a\"] x",
                           "[\"a\" \"b\"]", "{\"a\":1}", "[\"\\x\"]", "[\"\\u12g4\"]", "[\"a\nb\"]",
                           "[01]", "[1.]", "[nul]", "[,]", "[{\"a\"}]", "[{1:2}]", "[\"\\u12"}) {
    INFO(text);
    CHECK_FALSE(parse_json_strings(text));
  }
}

TEST_CASE("json_strings: nesting is bounded", "[parser]") {
  CHECK_FALSE(parse_json_strings(std::string(100000, '[')));
  CHECK(parse_json_strings(std::string(50, '[') + std::string(50, ']')));
}

TEST_CASE("json_strings: a member of an object is found by its name", "[parser]") {
  CHECK(find_json_string(R"({"a": [1], "syntax" : "x/y:1", "b": {}})", "syntax") == "x/y:1");
}

TEST_CASE("json_strings: members of other names and types are not it", "[parser]") {
  CHECK_FALSE(find_json_string(R"({"syntax": 1})", "syntax"));
  CHECK_FALSE(find_json_string(R"({"a": {"syntax": "x"}})", "syntax"));
  CHECK_FALSE(find_json_string(R"({"syntax": "x")", "syntax"));
  CHECK_FALSE(find_json_string(R"({"syntax": "x"} y)", "syntax"));
  CHECK_FALSE(find_json_string("FROM x", "syntax"));
}
