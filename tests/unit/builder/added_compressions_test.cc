#include "builder/export/added_compressions.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;
using layers::LayerCompression;

namespace {

constexpr const char* kZstd = "io.github.containers.compression.zstd";

using Attributes = std::map<std::string, std::string>;

struct OnABase : BuildFixture {
  OnABase() {
    images.add("base", {{"old", "old"}});
    write("a", "a");
  }
  builder::BuildResult built(const Attributes& attributes, const std::string& type = "image") {
    request.outputs = {{type, attributes}};
    return build("FROM base\nCOPY a /\n");
  }
  image::Index index(const builder::BuildResult& result) {
    return image::parse_index(store->content().read(result.image.digest));
  }
  image::Manifest manifest(const image::Descriptor& descriptor) {
    return image::parse_manifest(store->content().read(descriptor.digest));
  }
  /// Of all layers, with a check that each blob is there.
  std::vector<LayerCompression> compressions(const image::Descriptor& descriptor) {
    std::vector<LayerCompression> found;
    for (const auto& layer : manifest(descriptor).layers) {
      CHECK(store->content().has(layer.digest));
      found.push_back(image::media_type::layer_compression(layer.media_type));
    }
    return found;
  }
};

constexpr auto kGzipTwice = {LayerCompression::gzip, LayerCompression::gzip};
constexpr auto kZstdTwice = {LayerCompression::zstd, LayerCompression::zstd};

}  // namespace

TEST_CASE("added_compressions: the names, and what is none", "[builder]") {
  CHECK(builder::read_added_compressions("zstd+gzip+zstd", "x") ==
        std::vector<LayerCompression>{LayerCompression::zstd, LayerCompression::gzip});
  const auto* const wrong = GENERATE("", "xz", "zstd+", "zstd:chunked", "uncompressed");
  CHECK_THROWS_AS(builder::read_added_compressions(wrong, "x"), base::UsageError);
}

TEST_CASE("added_compressions: the same image stands in the index in gzip and, behind it, in zstd",
          "[builder]") {
  OnABase f;
  const auto index = f.index(f.built({{"add-compression", "zstd"}}));
  REQUIRE(index.manifests.size() == 2);
  CHECK(f.compressions(index.manifests[0]) == std::vector(kGzipTwice));
  CHECK(f.compressions(index.manifests[1]) == std::vector(kZstdTwice));
  CHECK(f.manifest(index.manifests[0]).config == f.manifest(index.manifests[1]).config);
  CHECK(index.manifests[0].platform == index.manifests[1].platform);
  CHECK(index.manifests[0].annotations.empty());
  CHECK(index.manifests[1].annotations == image::Annotations{{kZstd, "true"}});
}

TEST_CASE("added_compressions: one that the image has is not added", "[builder]") {
  OnABase f;
  CHECK(f.index(f.built({{"add-compression", "gzip"}})).manifests.size() == 1);
  const auto both = f.index(f.built(
      {{"compression", "zstd"}, {"force-compression", "true"}, {"add-compression", "gzip+zstd"}}));
  REQUIRE(both.manifests.size() == 2);
  CHECK(f.compressions(both.manifests[0]) == std::vector(kGzipTwice));
  CHECK(f.compressions(both.manifests[1]) == std::vector(kZstdTwice));
  CHECK(both.manifests[1].annotations.contains(kZstd));
}

TEST_CASE("added_compressions: the index annotates its images as it was told", "[builder]") {
  OnABase f;
  const auto index =
      f.index(f.built({{"add-compression", "zstd"}, {"annotation-manifest-descriptor.a", "b"}}));
  REQUIRE(index.manifests.size() == 2);
  CHECK(index.manifests[0].annotations == image::Annotations{{"a", "b"}});
  CHECK(index.manifests[1].annotations == image::Annotations{{"a", "b"}, {kZstd, "true"}});
}

TEST_CASE("added_compressions: what has no index refuses them", "[builder]") {
  OnABase f;
  using Catch::Contains;
  CHECK_THROWS_WITH(f.built({{"add-compression", "zstd"}, {"dest", "x"}}, "docker"),
                    Contains("add-compression"));
  CHECK_THROWS_WITH(
      f.built({{"add-compression", "zstd"}, {"oci-mediatypes", "true"}, {"dest", "x"}}, "docker"),
      Contains("several compressions"));
  CHECK_THROWS_WITH(f.built({{"add-compression", "zstd"}, {"oci-mediatypes", "false"}}),
                    Contains("oci-mediatypes=true"));
  CHECK_THROWS_WITH(f.built({{"add-compression", "xz"}}),
                    Contains("add-compression takes gzip and zstd"));
}
