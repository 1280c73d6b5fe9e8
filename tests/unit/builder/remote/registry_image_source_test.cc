#include "builder/remote/registry_image_source.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/media_types.h"
#include "tests/support/hashed_text.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using builder::PullPolicy;
using test::amd64;
using test::arm64;
using test::named;

namespace {

struct SourceFixture : test::RemoteFixture {
  remote::RegistryImageSource source{loader};
  std::optional<builder::BaseImage> load(const std::string& name,
                                         PullPolicy policy = PullPolicy::missing) {
    return source.try_load(named(name), amd64(), policy, {});
  }
};

}  // namespace

TEST_CASE("registry_image_source: an image is described, its layers are not fetched", "[remote]") {
  SourceFixture fixture;
  const auto manifest = fixture.registry.add_image("app:1", {"one", "two"}, amd64());
  const auto base = fixture.load("app:1");
  REQUIRE(base);
  CHECK(base->digest == manifest.digest);
  REQUIRE(base->layers.size() == 2);
  CHECK(base->layers[1].diff_id == base::sha256_of("two"));
  CHECK(base->layers[1].blob->digest == base::sha256_of("two"));
  CHECK(base->layers[1].provider->repository() == "docker.io/library/app");
  CHECK_FALSE(fixture.store->content().has(base::sha256_of("one")));
}

TEST_CASE("registry_image_source: the tag latest is meant where none is given", "[remote]") {
  SourceFixture fixture;
  fixture.registry.add_image("app:latest", {"one"}, amd64());
  CHECK(fixture.load("app"));
}

TEST_CASE("registry_image_source: a second build asks nobody", "[remote]") {
  SourceFixture fixture;
  fixture.registry.add_image("app:1", {"one"}, amd64());
  const auto first = fixture.load("app:1");
  const auto before = fixture.registry.requests("").size();
  const auto second = fixture.load("app:1");
  CHECK(fixture.registry.requests("").size() == before);
  REQUIRE(second);
  CHECK(second->digest == first->digest);
}

TEST_CASE("registry_image_source: an image taken from the store still knows where its layers are",
          "[remote]") {
  SourceFixture fixture;
  fixture.registry.add_image("app:1", {"one"}, amd64());
  fixture.load("app:1");
  const auto again = fixture.load("app:1");
  REQUIRE(again->layers[0].provider);
  test::HashedText out;
  again->layers[0].provider->fetch(*again->layers[0].blob, out, {});
  CHECK(out.text() == "one");
}

TEST_CASE("registry_image_source: `always` sees that a tag moved", "[remote]") {
  SourceFixture fixture;
  fixture.registry.add_image("app:1", {"old"}, amd64());
  fixture.load("app:1");
  const auto moved = fixture.registry.add_image("app:1", {"new"}, amd64());
  CHECK(fixture.load("app:1", PullPolicy::missing)->digest != moved.digest);
  CHECK(fixture.load("app:1", PullPolicy::always)->digest == moved.digest);
  CHECK(fixture.load("app:1", PullPolicy::missing)->digest == moved.digest);
}

TEST_CASE("registry_image_source: `always` costs one HEAD when nothing moved", "[remote]") {
  SourceFixture fixture;
  fixture.registry.add_image("app:1", {"one"}, amd64());
  fixture.load("app:1");
  const auto before =
      fixture.registry.requests("GET").size() + fixture.registry.requests("BLOB").size();
  fixture.load("app:1", PullPolicy::always);
  CHECK(fixture.registry.requests("GET").size() + fixture.registry.requests("BLOB").size() ==
        before);
  CHECK(fixture.registry.requests("HEAD").size() == 1);
}

TEST_CASE("registry_image_source: `newer` takes what the registry has, if it answers", "[remote]") {
  SourceFixture fixture;
  const auto old = fixture.registry.add_image("app:1", {"old"}, amd64());
  fixture.load("app:1");
  const auto moved = fixture.registry.add_image("app:1", {"new"}, amd64());
  fixture.registry.content()->is_down = true;
  CHECK(fixture.load("app:1", PullPolicy::newer)->digest == old.digest);
  CHECK_THROWS_AS(fixture.load("app:1", PullPolicy::always), registry::RegistryError);
  CHECK_THROWS_AS(fixture.load("other:1", PullPolicy::newer), registry::RegistryError);
  fixture.registry.content()->is_down = false;
  CHECK(fixture.load("app:1", PullPolicy::newer)->digest == moved.digest);
}

TEST_CASE("registry_image_source: `newer` keeps what the registry has no more", "[remote]") {
  SourceFixture fixture;
  const auto old = fixture.registry.add_image("app:1", {"old"}, amd64());
  fixture.load("app:1");
  fixture.registry.content()->tags.clear();
  CHECK(fixture.load("app:1", PullPolicy::newer)->digest == old.digest);
  CHECK_FALSE(fixture.load("app:1", PullPolicy::always));
}

TEST_CASE("registry_image_source: `never` asks no registry", "[remote]") {
  SourceFixture fixture;
  fixture.registry.add_image("app:1", {"one"}, amd64());
  CHECK_FALSE(fixture.load("app:1", PullPolicy::never));
  CHECK(fixture.registry.requests("").empty());
}

TEST_CASE("registry_image_source: an image that nobody has is no error", "[remote]") {
  SourceFixture fixture;
  CHECK_FALSE(fixture.load("missing:1"));
  CHECK_FALSE(fixture.load("missing:1", PullPolicy::always));
}

TEST_CASE("registry_image_source: by digest, not tagged, but remembered", "[remote]") {
  SourceFixture fixture;
  const auto manifest = fixture.registry.add_image("app:1", {"one"}, amd64());
  const auto name = "app@" + manifest.digest.str();
  REQUIRE(fixture.load(name));
  CHECK(fixture.store->images().list().empty());
  const auto before = fixture.registry.requests("").size();
  REQUIRE(fixture.load(name, PullPolicy::never));
  CHECK(fixture.registry.requests("").size() == before);
}

TEST_CASE("registry_image_source: of an index only the platform's documents are fetched",
          "[remote]") {
  SourceFixture fixture;
  const auto a = fixture.registry.add_image("app", {"for amd64"}, amd64());
  const auto b = fixture.registry.add_image("app", {"for arm64"}, arm64());
  const auto index = fixture.registry.add_index("app:1", {a, b});
  CHECK(fixture.load("app:1")->digest == a.digest);
  CHECK(fixture.store->images().find(named("app:1"))->digest == index.digest);
  CHECK_FALSE(fixture.store->content().has(b.digest));
}

TEST_CASE("registry_image_source: another platform of a known index is fetched later", "[remote]") {
  SourceFixture fixture;
  const auto a = fixture.registry.add_image("app", {"for amd64"}, amd64());
  const auto b = fixture.registry.add_image("app", {"for arm64"}, arm64());
  fixture.registry.add_index("app:1", {a, b});
  fixture.load("app:1");
  const auto other = fixture.source.try_load(named("app:1"), arm64(), PullPolicy::missing, {});
  REQUIRE(other);
  CHECK(other->digest == b.digest);
}

TEST_CASE("registry_image_source: a missing platform names the image", "[remote]") {
  SourceFixture fixture;
  const auto b = fixture.registry.add_image("app", {"for arm64"}, arm64());
  fixture.registry.add_index("app:1", {b});
  CHECK_THROWS_WITH(fixture.load("app:1"),
                    Catch::Contains("app:1") && Catch::Contains("linux/arm64"));
}

TEST_CASE("registry_image_source: layers and diff-ids must be as many", "[remote]") {
  SourceFixture fixture;
  image::ImageConfig config;
  config.platform = amd64();
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  const auto json = image::to_json(config);
  manifest.config.media_type = image::media_type::kOciConfig;
  manifest.config.digest = base::sha256_of(json);
  manifest.config.size_bytes = json.size();
  manifest.layers.push_back(manifest.config);
  manifest.layers.back().media_type = image::media_type::kOciLayer;
  const auto bytes = image::to_json(manifest);
  {
    auto content = fixture.registry.content();
    content->blobs["docker.io/library/bad"][manifest.config.digest.str()] = json;
    content->manifests["docker.io/library/bad"][base::sha256_of(bytes).str()] = bytes;
    content->media_types[base::sha256_of(bytes).str()] = manifest.media_type;
    content->tags["docker.io/library/bad"]["1"] = base::sha256_of(bytes).str();
  }
  CHECK_THROWS_AS(fixture.load("bad:1"), base::ContentError);
}

TEST_CASE("registry_image_source: a config that claims to be huge is refused before it is fetched",
          "[remote]") {
  SourceFixture fixture;
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  manifest.config.media_type = image::media_type::kOciConfig;
  manifest.config.digest = base::sha256_of("x");
  manifest.config.size_bytes = 1ULL << 40;
  const auto bytes = image::to_json(manifest);
  {
    auto content = fixture.registry.content();
    content->manifests["docker.io/library/bad"][base::sha256_of(bytes).str()] = bytes;
    content->media_types[base::sha256_of(bytes).str()] = manifest.media_type;
    content->tags["docker.io/library/bad"]["1"] = base::sha256_of(bytes).str();
  }
  CHECK_THROWS_AS(fixture.load("bad:1"), base::ContentError);
  CHECK(fixture.registry.requests("BLOB").empty());
}

TEST_CASE("registry_image_source: a damaged document is fetched again", "[remote]") {
  SourceFixture fixture;
  const auto manifest = fixture.registry.add_image("app:1", {"one"}, amd64());
  const auto config = fixture.load("app:1")->manifest.config;
  const auto damaged = GENERATE(0, 1) == 0 ? manifest.digest : config.digest;
  const auto policy = GENERATE(PullPolicy::missing, PullPolicy::always);
  fixture.overwrite_blob(damaged, "{}");
  const auto base = fixture.load("app:1", policy);
  REQUIRE(base);
  CHECK(base->digest == manifest.digest);
  CHECK_NOTHROW(fixture.store->content().read(damaged));
}

TEST_CASE("registry_image_source: damage that nobody can mend is told, with a way out",
          "[remote]") {
  SourceFixture fixture;
  fixture.registry.add_image("app:1", {"one"}, amd64());
  const auto config = fixture.load("app:1")->manifest.config;
  fixture.overwrite_blob(config.digest, "{}");
  SECTION("as no registry may be asked") {
    CHECK_THROWS_WITH(fixture.load("app:1", PullPolicy::never),
                      Catch::Contains(config.digest.str() + " in the store is damaged"));
  }
  SECTION("as the registry does not have it") {
    fixture.registry.content()->blobs.clear();
    try {
      fixture.load("app:1");
      FAIL("it was loaded");
    } catch (const base::Error& error) {
      CHECK_THAT(error.what(), Catch::Contains(config.digest.str() + " in the store is damaged"));
      CHECK_THAT(error.hint(), Catch::Contains("build or pull it again"));
    }
  }
  CHECK_FALSE(fixture.store->content().has(config.digest));
}
