#include "builder/cache/imported_caches.h"

#include <catch2/catch.hpp>

#include "image/media_types.h"
#include "image/platform.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using builder::CacheBundle;

namespace {

class NoBlobs : public layers::BlobProvider {
 public:
  void fetch(const image::Descriptor&, base::DigestSink&, std::stop_token) override {}
};

/// Knows the steps "one" and "other"; in the image of each platform one of them has its bytes.
class ImageForTwo : public builder::CacheSource {
 public:
  std::string name() const override { return "image"; }
  std::optional<Content> load(const image::Platform& platform, std::stop_token) override {
    CacheBundle bundle;
    for (const std::string step : {"one", "other"}) {
      auto& record = bundle.records[base::sha256_of(step)];
      record.layer = base::sha256_of("layer of " + step);
      if ((step == "one") != (platform.architecture == "amd64")) continue;
      record.blob.emplace();
      record.blob->media_type = image::media_type::kOciLayerGzip;
      record.blob->digest = base::sha256_of("blob of " + step);
      record.blob->size_bytes = 1;
    }
    return Content{std::move(bundle), std::make_shared<NoBlobs>()};
  }
};

}  // namespace

TEST_CASE("imported_caches: who has a layer comes before who only knows of it", "[builder]") {
  test::EventLog events;
  builder::VertexNumbers vertices;
  std::vector<std::unique_ptr<builder::CacheSource>> sources;
  sources.push_back(std::make_unique<ImageForTwo>());
  builder::ImportedCaches caches(
      std::move(sources),
      {image::parse_platform("linux/amd64"), image::parse_platform("linux/arm/v7")}, events,
      vertices);
  for (const std::string step : {"one", "other"}) {
    INFO(step);
    const auto hit = caches.find(base::sha256_of(step), {});
    REQUIRE(hit);
    REQUIRE(hit->record.blob);
    CHECK(hit->record.blob->digest == base::sha256_of("blob of " + step));
  }
}
