#include "image/json_access.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ibuild::image;

TEST_CASE("json_access: members stay in the order written", "[image]") {
  for (const std::string text :
       {R"({"b":[1,-2,1.5,"x",null,true,{"z":{},"a":[]}],"a":{"y":{"q":1},"c":2},"":""})", "[]",
        "\"x\"", "7", "null", R"([[],{},[{"b":1,"a":2}]])"})
    CHECK(dump_json(parse_in_order(text)) == text);
}

TEST_CASE("json_access: an object may have many members", "[image]") {
  nlohmann::json object;
  for (int i = 0; i < 60000; ++i) object[std::to_string(i)] = nlohmann::json::object();
  const std::string text = object.dump();
  CHECK(parse_in_order(text).size() == 60000);
  CHECK(parse_untrusted_json(text, "a document") == object);
}
