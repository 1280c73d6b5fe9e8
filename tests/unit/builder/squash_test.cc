#include "builder/export/squash.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/manifest.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

struct Squashed : BuildFixture {
  Squashed() {
    images.add("base", {{"etc/old", "old"}, {"keep", "base"}});
    write("a", "1");
    write("b", "2", 0600);
    request.outputs = {{"image", {{"squash", "true"}}}};
  }
  image::Manifest manifest(const builder::BuildResult& result) {
    return image::parse_manifest(store->content().read(result.image.digest));
  }
};

const std::string kDockerfile =
    "FROM base\nCOPY a /keep\nCOPY --chown=7:8 b /dir/b\nENV A=1\nCOPY a /dir/a\n";

}  // namespace

TEST_CASE("squash: an image's layers become one that shows what the last of them shows",
          "[builder]") {
  Squashed f;
  const auto result = f.build(kDockerfile);
  REQUIRE(f.manifest(result).layers.size() == 1);
  REQUIRE(f.config(result).diff_ids.size() == 1);
  const auto tree = f.tree(result);
  CHECK(f.content(*tree, "etc/old") == "old");
  CHECK(f.content(*tree, "keep") == "1");
  CHECK(f.content(*tree, "dir/a") == "1");
  CHECK_THAT(f.look(*tree, "dir/b"), Catch::Contains("0600") && Catch::Contains("7:8"));
  CHECK(f.config(result).config.env.back() == "A=1");
}

TEST_CASE("squash: the history tells every step and gives the layer to the last entry",
          "[builder]") {
  Squashed f;
  const auto config = f.config(f.build(kDockerfile));
  REQUIRE(config.history.size() >= 5);
  for (std::size_t i = 0; i + 1 < config.history.size(); ++i) CHECK(config.history[i].empty_layer);
  CHECK_FALSE(config.history.back().empty_layer);
  CHECK(config.history.back().created == config.created);
  CHECK(config.history.back().comment == "4 layers as one");
}

TEST_CASE("squash: the same steps give the same digest, and other outputs keep their layers",
          "[builder]") {
  Squashed f;
  const auto first = f.build(kDockerfile).image.digest;
  CHECK(f.build(kDockerfile).image.digest == first);
  f.request.outputs = {{"image", {}}};
  CHECK(f.manifest(f.build(kDockerfile)).layers.size() == 4);
}

TEST_CASE("squash: an image of one layer keeps it", "[builder]") {
  Squashed f;
  const auto squashed = f.build("FROM scratch\nCOPY a /a\n").image.digest;
  f.request.outputs = {{"image", {}}};
  CHECK(f.build("FROM scratch\nCOPY a /a\n").image.digest == squashed);
}

TEST_CASE("squash: no file is later than SOURCE_DATE_EPOCH", "[builder]") {
  Squashed f;
  f.request.build_args["SOURCE_DATE_EPOCH"] = "1000";
  const auto result = f.build(kDockerfile);
  const layers::Layer layer{f.config(result).diff_ids.at(0), std::nullopt, nullptr};
  const auto latest = base::TimePoint(std::chrono::seconds(1000));
  const auto index = f.store->layers().index(layer);
  REQUIRE(index->entries().size() >= 5);
  for (const auto& entry : index->entries()) CHECK(entry.mtime <= latest);
}

TEST_CASE("squash: an inline cache of layers that are gone is refused", "[builder]") {
  Squashed f;
  f.request.build_args["BUILDKIT_INLINE_CACHE"] = "1";
  CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains("inline cache"));
}

TEST_CASE("squash: the attribute takes true or false, and no output without an image has it",
          "[builder]") {
  Squashed f;
  f.request.outputs = {{"image", {{"squash", "maybe"}}}};
  CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains("squash"));
  f.request.outputs = {{"tar", {{"dest", "-"}, {"squash", "true"}}}};
  CHECK_THROWS_WITH(f.build(kDockerfile), Catch::Contains("squash"));
}
