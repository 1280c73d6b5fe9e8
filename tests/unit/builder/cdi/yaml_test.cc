#include "builder/cdi/yaml.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace ibuild::builder {
namespace {

using nlohmann::json;

TEST_CASE("yaml: mappings and sequences by indentation", "[builder]") {
  CHECK(parse_yaml("a: 1\nb:\n  c: x y\n  d:\n    - one\n    - two: 2\n      three: 3\n") ==
        json::parse(R"({"a":1,"b":{"c":"x y","d":["one",{"two":2,"three":3}]}})"));
  // A sequence may be as far left as its key.
  CHECK(parse_yaml("a:\n- x\n- y:\n  - z\nb: 1\n") ==
        json::parse(R"({"a":["x",{"y":["z"]}],"b":1})"));
  CHECK(parse_yaml("- - a\n  - b\n-\n  c: d\n-\n") == json::parse(R"([["a","b"],{"c":"d"},null])"));
  CHECK(parse_yaml("a:\nb: ~\nc: null\n") == json::parse(R"({"a":null,"b":null,"c":null})"));
  CHECK(parse_yaml("") == nullptr);
}

TEST_CASE("yaml: scalars", "[builder]") {
  const json value = parse_yaml(
      "---\n"
      "text: a b#c:d # a comment\n"
      "single: 'it''s # no comment'\n"
      "double: \"a\\tb \\u00e4 \\\"q\\\"\"\n"
      "\"quoted key\": yes\n"
      "url: http://host:80/x\n"
      "yes: true\n"
      "numbers: [1, -2, 0x1f, 0o17, 0660, 1.5, 12a]\n");
  CHECK(value.at("text") == "a b#c:d");
  CHECK(value.at("single") == "it's # no comment");
  CHECK(value.at("double") == "a\tb \u00e4 \"q\"");
  CHECK(value.at("quoted key") == "yes");
  CHECK(value.at("url") == "http://host:80/x");
  CHECK(value.at("yes") == true);
  CHECK(value.at("numbers") == json::parse(R"([1,-2,31,15,432,"1.5","12a"])"));
}

TEST_CASE("yaml: what stands in brackets", "[builder]") {
  CHECK(parse_yaml("a: [x, 'y, z', {b: 1, c: [d, e]}]\ne: {}\nf: []\n") ==
        json::parse(R"({"a":["x","y, z",{"b":1,"c":["d","e"]}],"e":{},"f":[]})"));
  CHECK(parse_yaml(" {\n \"a\": [1,\n 2]}\n") == json::parse(R"({"a":[1,2]})"));
}

TEST_CASE("yaml: texts of several lines", "[builder]") {
  CHECK(parse_yaml("a: |\n  one\n  two\nb: >-\n  one\n  two\nc: one\n  two\nd: {e}\n") ==
        json::parse(R"({"a":"one\ntwo\n","b":"one two","c":"one two","d":{"e":null}})"));
}

TEST_CASE("yaml: what is not understood is named with its line", "[builder]") {
  const std::pair<const char*, const char*> bad[] = {
      {"a: 1\nb\n", "line 3"},
      {"a: 1\n  b: 2\n", "line 2"},
      {"a:\n  b: 1\n c: 2\n", "line 3"},
      {"a: &x 1\n", "line 1"},
      {"a: *x\n", "line 1"},
      {"a: !!str 1\n", "line 1"},
      {"a: 1\na: 2\n", "line 2"},
      {"a: [1, 2\n", "line 2"},
      {"a: [1 2] x\n", "line 1"},
      {"a: 'x\n", "line 2"},
      {"a: \"\\z\"\n", "line 1"},
      {"a: {[b]: 1}\n", "line 1"},
      {"\ta: 1\n", "line 1"},
      {"a: 1\n---\nb: 1\n", "line 2"},
  };
  for (const auto& [text, place] : bad) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_yaml(text), Catch::Contains(place));
    CHECK_THROWS_AS(parse_yaml(text), base::ContentError);
  }
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "[";
  CHECK_THROWS_WITH(parse_yaml("a: " + deep), Catch::Contains("too deep"));
  deep.clear();
  for (int i = 0; i < 1000; ++i) deep += "- ";
  CHECK_THROWS_WITH(parse_yaml(deep + "x"), Catch::Contains("too deep"));
}

}  // namespace
}  // namespace ibuild::builder
