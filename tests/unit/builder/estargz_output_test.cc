#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/cache/cache_options.h"
#include "builder/export/estargz.h"
#include "image/estargz.h"
#include "image/manifest.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

using Attributes = std::map<std::string, std::string>;

struct OnABase : BuildFixture {
  OnABase() {
    images.add("base", {{"old", "old"}});
    write("a", "a");
  }
  builder::BuildResult built(const Attributes& attributes) {
    request.outputs = {{"image", attributes}};
    return build("FROM base\nCOPY a /\n");
  }
  image::Manifest manifest(const builder::BuildResult& result) {
    return image::parse_manifest(store->content().read(result.image.digest));
  }
};

const Attributes kEstargz{{"compression", "estargz"}};

}  // namespace

TEST_CASE("estargz: new layers of an output, and the base's where that is asked for", "[builder]") {
  OnABase f;
  const auto plain = f.config(f.built({}));
  const auto result = f.built(kEstargz);
  const auto config = f.config(result);
  REQUIRE(config.diff_ids.size() == 2);
  CHECK(config.diff_ids[0] == plain.diff_ids[0]);
  CHECK(config.diff_ids[1] != plain.diff_ids[1]);
  CHECK(config.history.size() == plain.history.size());
  const auto manifest = f.manifest(result);
  CHECK_FALSE(image::is_estargz(manifest.layers.at(0)));
  CHECK(image::is_estargz(manifest.layers.at(1)));
  CHECK(BuildFixture::content(*f.tree(result), "a") == "a");
  CHECK(f.built(kEstargz).image.digest == result.image.digest);

  auto all = kEstargz;
  all["force-compression"] = "true";
  const auto forced = f.manifest(f.built(all));
  CHECK(image::is_estargz(forced.layers.at(0)));
  CHECK(forced.layers.at(1) == manifest.layers.at(1));
}

TEST_CASE("estargz: no output gets it that did not ask, and no cache can", "[builder]") {
  OnABase f;
  (void)f.built(kEstargz);
  CHECK_FALSE(image::is_estargz(f.manifest(f.built({})).layers.at(1)));
  const builder::CacheSpec spec{"registry", {{"ref", "r.example/c"}, {"compression", "estargz"}}};
  CHECK_THROWS_WITH(builder::read_cache_to(spec), Catch::Contains("compression=estargz"));
}
