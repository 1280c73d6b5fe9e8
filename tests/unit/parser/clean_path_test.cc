#include "parser/clean_path.h"

#include <catch2/catch.hpp>

using ibuild::parser::clean_path;

TEST_CASE("clean_path: double slashes and dots vanish", "[parser]") {
  CHECK(clean_path("a//b/./c/") == "a/b/c");
  CHECK(clean_path("./a") == "a");
  CHECK(clean_path("/a/") == "/a");
}

TEST_CASE("clean_path: two dots take the part before them", "[parser]") {
  CHECK(clean_path("a/../b") == "b");
  CHECK(clean_path("a/b/../../c") == "c");
  CHECK(clean_path("/../a") == "/a");
}

TEST_CASE("clean_path: a relative path may lead upwards", "[parser]") {
  CHECK(clean_path("../a") == "../a");
  CHECK(clean_path("a/../../b") == "../b");
}

TEST_CASE("clean_path: nothing is the place itself", "[parser]") {
  CHECK(clean_path("") == ".");
  CHECK(clean_path("a/..") == ".");
  CHECK(clean_path("/") == "/");
  CHECK(clean_path("//") == "/");
}
