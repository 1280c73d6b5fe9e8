#include "builder/remote/pull.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using test::amd64;
using test::named;

namespace {

struct PullFixture : test::RemoteFixture {
  builder::NullEventSink events;
  remote::PullResult pull(const std::string& name) {
    return remote::pull_image(loader, named(name), amd64(), 1, events, {});
  }
};

}  // namespace

TEST_CASE("pull: everything is in the store afterwards, under its name", "[remote]") {
  PullFixture fixture;
  const auto manifest = fixture.registry.add_image("app:1", {"one", "two"}, amd64());
  const auto result = fixture.pull("app:1");
  CHECK(result.fetched_blobs == 2);
  CHECK(fixture.store->content().read(base::sha256_of("two")) == "two");
  CHECK(fixture.store->images().find(named("app:1"))->digest == manifest.digest);
}

TEST_CASE("pull: a blob that stands twice in an image is fetched once", "[remote]") {
  PullFixture fixture;
  fixture.registry.add_image("app:1", {"same", "same"}, amd64());
  CHECK(fixture.pull("app:1").fetched_blobs == 1);
}

TEST_CASE("pull: again costs one request and fetches nothing", "[remote]") {
  PullFixture fixture;
  fixture.registry.add_image("app:1", {"one"}, amd64());
  fixture.pull("app:1");
  const auto before = fixture.registry.requests("").size();
  CHECK(fixture.pull("app:1").fetched_blobs == 0);
  CHECK(fixture.registry.requests("").size() == before + 1);
}

TEST_CASE("pull: bytes that do not match their digest are refused and leave nothing", "[remote]") {
  PullFixture fixture;
  fixture.registry.add_image("app:1", {"true"}, amd64());
  const auto layer = base::sha256_of("true");
  fixture.registry.content()->blobs["docker.io/library/app"][layer.str()] = "fake";
  CHECK_THROWS_AS(fixture.pull("app:1"), base::ContentError);
  CHECK_FALSE(fixture.store->content().has(layer));
  CHECK_FALSE(fixture.store->images().find(named("app:1")));
}

TEST_CASE("pull: more bytes than promised are refused", "[remote]") {
  PullFixture fixture;
  fixture.registry.add_image("app:1", {"short"}, amd64());
  fixture.registry.content()->blobs["docker.io/library/app"][base::sha256_of("short").str()] =
      std::string(100000, 'x');
  CHECK_THROWS_AS(fixture.pull("app:1"), base::ContentError);
}

TEST_CASE("pull: a transfer that breaks leaves no image", "[remote]") {
  PullFixture fixture;
  fixture.registry.add_image("app:1", {"one", "two"}, amd64());
  fixture.registry.content()->broken_blobs.insert(base::sha256_of("two").str());
  CHECK_THROWS_AS(fixture.pull("app:1"), registry::RegistryError);
  CHECK(fixture.store->images().list().empty());
}

TEST_CASE("pull: a missing image is named", "[remote]") {
  PullFixture fixture;
  CHECK_THROWS_WITH(fixture.pull("nothing:1"), Catch::Contains("docker.io/library/nothing:1"));
}

TEST_CASE("fetch_missing_blobs: a layer that nobody knows is named", "[remote]") {
  PullFixture fixture;
  builder::BaseImage image;
  image.layers.push_back(
      {.diff_id = base::sha256_of("x"), .blob = image::Descriptor{}, .provider = {}});
  image.layers[0].blob->digest = base::sha256_of("x");
  CHECK_THROWS_WITH(remote::fetch_missing_blobs(fixture.loader, image, 1, fixture.events, {}),
                    Catch::Contains(base::sha256_of("x").str()));
}

TEST_CASE("pull: what was damaged in the store is fetched again", "[remote]") {
  PullFixture fixture;
  const auto manifest = fixture.registry.add_image("app:1", {"one", "two"}, amd64());
  const auto config = fixture.pull("app:1").image.manifest.config;
  SECTION("a layer that was cut") { fixture.overwrite_blob(base::sha256_of("two"), "t"); }
  SECTION("the manifest") {
    fixture.overwrite_blob(manifest.digest, std::string(manifest.size_bytes, 'x'));
  }
  SECTION("the config") {
    fixture.overwrite_blob(config.digest, std::string(config.size_bytes, 'x'));
  }
  CHECK_NOTHROW(fixture.pull("app:1"));
  CHECK(fixture.store->content().read(base::sha256_of("two")) == "two");
  CHECK_NOTHROW(fixture.store->content().read(manifest.digest));
  CHECK_NOTHROW(fixture.store->content().read(config.digest));
}
