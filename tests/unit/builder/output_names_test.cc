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

TEST_CASE("output_names: an image with a name has that of the prefix as well, unless told",
          "[builder]") {
  Unnamed f;
  auto& attributes = f.request.outputs[0].attributes;
  attributes["name"] = "example.com/app:1";
  const auto result = f.build(kDockerfile);
  const std::string at_digest = "@" + result.image.digest.str();
  CHECK(result.names ==
        std::vector<std::string>{"example.com/app:1", "example.com/cache" + at_digest});
  attributes["name-canonical"] = "true";
  CHECK(f.build(kDockerfile).names == std::vector<std::string>{"example.com/app:1",
                                                               "example.com/cache" + at_digest,
                                                               "example.com/app" + at_digest});
  attributes["dangling-name-empty-only"] = "true";
  CHECK(f.build(kDockerfile).names ==
        std::vector<std::string>{"example.com/app:1", "example.com/app" + at_digest});
}

TEST_CASE("output_names: a prefix with a tag, and what is not known, is named", "[builder]") {
  Unnamed f;
  f.request.outputs[0].attributes["dangling-name-prefix"] = "example.com/cache:1";
  CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains("dangling-name-prefix"));
  f.request.outputs = {{"image", {{"compatibility", "30"}}}};
  CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains("compatibility"));
  f.request.outputs = {{"image", {{"compression", "nydus"}}}};
  CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains("nydus"));
}
