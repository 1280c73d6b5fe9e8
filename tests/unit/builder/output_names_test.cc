#include "builder/export/output_names.h"

#include <catch2/catch.hpp>

#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

struct Unnamed : BuildFixture {
  Unnamed() {
    write("a", "a");
    request.tags.clear();
    request.outputs = {{"image", {{"dangling-name-prefix", "example.com/cache"}}}};
  }
};

const std::string kDockerfile = "FROM scratch\nCOPY a /a\n";

}  // namespace

TEST_CASE("output_names: an image without a name is called by the prefix and its digest",
          "[builder]") {
  Unnamed f;
  const auto result = f.build(kDockerfile);
  const auto name = "example.com/cache@" + result.image.digest.str();
  CHECK(result.names == std::vector<std::string>{name});
  const auto found = f.store->images().find(image::parse_reference(name));
  REQUIRE(found);
  CHECK(found->digest == result.image.digest);
  REQUIRE(f.store->images().list().size() == 1);
  CHECK(f.store->images().list()[0].name == name);
}

TEST_CASE("output_names: the prefix does not count for an image with a name", "[builder]") {
  Unnamed f;
  f.request.outputs[0].attributes["name"] = "example.com/app:1";
  CHECK(f.build(kDockerfile).names == std::vector<std::string>{"example.com/app:1"});
}

TEST_CASE("output_names: a prefix with a tag, and what is not known, is named", "[builder]") {
  Unnamed f;
  f.request.outputs[0].attributes["dangling-name-prefix"] = "example.com/cache:1";
  CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains("dangling-name-prefix"));
  for (const char* name : {"prefer-nondist-layers", "dangling-name-empty-only"}) {
    f.request.outputs = {{"image", {{name, "true"}}}};
    CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains(name));
  }
  f.request.outputs = {{"image", {{"compression", "estargz"}}}};
  CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains("estargz"));
}
