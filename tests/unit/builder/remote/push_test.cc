#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/assemble_image.h"
#include "builder/remote/pull.h"
#include "builder/remote/push_stored.h"
#include "builder/remote/registry_pusher.h"
#include "image/media_types.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using test::amd64;
using test::arm64;
using test::named;

namespace {

struct PushFixture : test::RemoteFixture {
  builder::NullEventSink events;
  remote::PushResult push(const image::Descriptor& source, const std::string& to) {
    return remote::push_stored(loader, {.source = source, .destination = named(to)}, 1, events, {});
  }
  image::Descriptor pull(const std::string& name) {
    return remote::pull_image(loader, named(name), amd64(), 1, events, {}).top;
  }
  std::string tagged(const std::string& name) {
    const auto reference = named(name);
    return registry.content()->tags[reference.name()][reference.tag];
  }
  /// An image as a build makes it, its one layer in the store.
  builder::BuiltImages build(const std::string& layer) {
    return builder::assemble_result({build_for(amd64(), layer)}, {}, builder::ResultShape::image,
                                    builder::ImageFormat::oci);
  }
  builder::BuiltImage build_for(const image::Platform& platform, const std::string& layer) {
    builder::BuiltImage built;
    image::ImageConfig config;
    config.platform = platform;
    config.diff_ids = {base::sha256_of(layer)};
    built.config_json = image::to_json(config);
    built.config = describe(image::media_type::kOciConfig, built.config_json);
    image::Manifest manifest;
    manifest.media_type = image::media_type::kOciManifest;
    manifest.config = built.config;
    manifest.layers = {describe(image::media_type::kOciLayer, layer)};
    built.layers = {{.diff_id = config.diff_ids[0], .blob = manifest.layers[0], .provider = {}}};
    built.manifest_json = image::to_json(manifest);
    built.manifest = describe(manifest.media_type, built.manifest_json);
    built.manifest.platform = platform;
    return built;
  }
  static image::Descriptor describe(std::string_view media_type, const std::string& bytes) {
    image::Descriptor descriptor;
    descriptor.media_type = media_type;
    descriptor.digest = base::sha256_of(bytes);
    descriptor.size_bytes = bytes.size();
    return descriptor;
  }
};

}  // namespace

TEST_CASE("registry_pusher: blobs first, then the manifest under each name", "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("content");
  fixture.store->content().put("content");
  remote::RegistryPusher pusher(fixture.loader);
  pusher.push(built, {named("h.example/app:1"), named("h.example/app:2")}, 1, fixture.events, {});
  CHECK(fixture.tagged("h.example/app:1") == built.top.digest.str());
  CHECK(fixture.tagged("h.example/app:2") == built.top.digest.str());
  const auto requests = fixture.registry.requests("PUT");
  REQUIRE(requests.size() == 4);
  CHECK(requests[2] == "PUT h.example/app:1");
  CHECK(requests[3] == "PUT h.example/app:2");
}

TEST_CASE("registry_pusher: what was sent before the image was complete is not sent again",
          "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("content");
  fixture.store->content().put("content");
  remote::RegistryPusher pusher(fixture.loader);
  const std::vector<image::Reference> names{named("h.example/app:1"), named("other.example/app:1")};
  pusher.begin_push(*built.images[0].layers[0].blob, names);
  pusher.push(built, names, 1, fixture.events, {});
  for (const auto& name : names) {
    CHECK(fixture.tagged(name.str()) == built.top.digest.str());
    CHECK(fixture.registry.content()->blobs[name.name()][base::sha256_of("content").str()] ==
          "content");
  }
  // A layer and a config for each.
  CHECK(fixture.registry.requests("PUT-BLOB").size() == 4);
}

TEST_CASE("registry_pusher: what could not be sent early is sent with the image", "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("content");
  remote::RegistryPusher pusher(fixture.loader);
  const std::vector<image::Reference> names{named("h.example/app:1")};
  pusher.begin_push(*built.images[0].layers[0].blob, names);
  CHECK_THROWS_AS(pusher.push(built, names, 1, fixture.events, {}), base::Error);
  fixture.store->content().put("content");
  pusher.push(built, names, 1, fixture.events, {});
  CHECK(fixture.tagged("h.example/app:1") == built.top.digest.str());
}

TEST_CASE("registry_pusher: an index comes after the manifests that it names", "[remote]") {
  PushFixture fixture;
  fixture.store->content().put("one");
  fixture.store->content().put("two");
  const auto built = builder::assemble_result(
      {fixture.build_for(amd64(), "one"), fixture.build_for(arm64(), "two")}, {},
      builder::ResultShape::index, builder::ImageFormat::oci);
  remote::RegistryPusher pusher(fixture.loader);
  pusher.push(built, {named("h.example/app:1"), named("h.example/app:2")}, 1, fixture.events, {});
  CHECK(fixture.tagged("h.example/app:1") == built.top.digest.str());
  CHECK(fixture.tagged("h.example/app:2") == built.top.digest.str());
  const auto requests = fixture.registry.requests("PUT h.");
  REQUIRE(requests.size() == 4);
  CHECK(requests[0] == "PUT h.example/app@" + built.images[0].manifest.digest.str());
  CHECK(requests[1] == "PUT h.example/app@" + built.images[1].manifest.digest.str());
  CHECK(requests[2] == "PUT h.example/app:1");
}

TEST_CASE("registry_pusher: nothing is sent twice", "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("content");
  fixture.store->content().put("content");
  remote::RegistryPusher pusher(fixture.loader);
  pusher.push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  pusher.push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  CHECK(fixture.registry.requests("PUT-BLOB").size() == 2);
}

TEST_CASE("registry_pusher: of an image that stands already nothing is sent", "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("content");
  fixture.store->content().put("content");
  remote::RegistryPusher pusher(fixture.loader);
  pusher.push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  fixture.registry.content()->requests.clear();
  pusher.push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  CHECK(fixture.registry.requests("") == std::vector<std::string>{"HEAD h.example/app:1"});
}

TEST_CASE("registry_pusher: what a registry lost of an image that stands is sent again",
          "[remote]") {
  PushFixture fixture;
  fixture.store->content().put("one");
  fixture.store->content().put("two");
  const auto built = builder::assemble_result(
      {fixture.build_for(amd64(), "one"), fixture.build_for(arm64(), "two")}, {},
      builder::ResultShape::index, builder::ImageFormat::oci);
  remote::RegistryPusher pusher(fixture.loader);
  pusher.push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  const auto child = built.images[1].manifest.digest;
  fixture.registry.content()->blobs["h.example/app"].erase(base::sha256_of("one").str());
  fixture.registry.content()->manifests["h.example/app"].erase(child.str());
  fixture.registry.content()->requests.clear();
  pusher.push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  CHECK(fixture.registry.requests("PUT") ==
        std::vector<std::string>{"PUT-BLOB h.example/app " + base::sha256_of("one").str(),
                                 "PUT h.example/app@" + child.str()});
}

TEST_CASE("registry_pusher: a name that was moved meanwhile gets the image again", "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("content");
  const auto other = fixture.build("other content");
  fixture.store->content().put("content");
  fixture.store->content().put("other content");
  remote::RegistryPusher pusher(fixture.loader);
  pusher.push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  pusher.push(other, {named("h.example/app:1")}, 1, fixture.events, {});
  pusher.push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  CHECK(fixture.tagged("h.example/app:1") == built.top.digest.str());
}

TEST_CASE("registry_pusher: a second repository of the registry mounts what the first has",
          "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("content");
  fixture.store->content().put("content");
  remote::RegistryPusher pusher(fixture.loader);
  pusher.push(built, {named("h.example/app:1"), named("h.example/copy:1")}, 1, fixture.events, {});
  CHECK(fixture.registry.requests("MOUNT app").size() == 2);
  CHECK(fixture.registry.requests("PUT-BLOB").size() == 2);
}

TEST_CASE("registry_pusher: a base that was never downloaded is mounted, not fetched", "[remote]") {
  PushFixture fixture;
  fixture.registry.add_image("h.example/base:1", {"base layer"}, amd64());
  const auto top = fixture.loader.fetch_top(named("h.example/base:1"), {});
  const auto base = fixture.loader.load_remote(named("h.example/base:1"), *top, amd64(), {});
  auto built = fixture.build("base layer");
  built.images[0].layers[0].provider = base.layers[0].provider;
  remote::RegistryPusher(fixture.loader)
      .push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  CHECK(fixture.registry.requests("MOUNT base").size() == 1);
  CHECK_FALSE(fixture.store->content().has(base::sha256_of("base layer")));
}

TEST_CASE("registry_pusher: towards another registry the base is fetched and sent", "[remote]") {
  PushFixture fixture;
  fixture.registry.add_image("h.example/base:1", {"base layer"}, amd64());
  const auto top = fixture.loader.fetch_top(named("h.example/base:1"), {});
  const auto base = fixture.loader.load_remote(named("h.example/base:1"), *top, amd64(), {});
  auto built = fixture.build("base layer");
  built.images[0].layers[0].provider = base.layers[0].provider;
  remote::RegistryPusher(fixture.loader)
      .push(built, {named("other.example/app:1")}, 1, fixture.events, {});
  CHECK(fixture.registry.content()->blobs["other.example/app"].contains(
      base::sha256_of("base layer").str()));
}

TEST_CASE("registry_pusher: layers that must stay where they are do not go along", "[remote]") {
  PushFixture fixture;
  auto built = fixture.build("of a Windows base");
  auto& layer = *built.images[0].layers[0].blob;
  layer.media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  layer.urls = {"https://vendor.example/layer"};
  remote::RegistryPusher(fixture.loader)
      .push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  CHECK(fixture.registry.requests("PUT-BLOB") ==
        std::vector<std::string>{"PUT-BLOB h.example/app " + built.images[0].config.digest.str()});
  CHECK(fixture.tagged("h.example/app:1") == built.top.digest.str());
}

TEST_CASE("registry_pusher: a layer that is nowhere is named", "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("lost");
  CHECK_THROWS_WITH(remote::RegistryPusher(fixture.loader)
                        .push(built, {named("h.example/app:1")}, 1, fixture.events, {}),
                    Catch::Contains(base::sha256_of("lost").str()));
  CHECK(fixture.tagged("h.example/app:1").empty());
}

TEST_CASE("push_stored: an image goes out as it came in", "[remote]") {
  PushFixture fixture;
  fixture.registry.add_image("app:1", {"one"}, amd64());
  const auto top = fixture.pull("app:1");
  const auto result = fixture.push(top, "h.example/copy:1");
  CHECK(result.pushed.digest == top.digest);
  CHECK(fixture.tagged("h.example/copy:1") == top.digest.str());
}

TEST_CASE("push_stored: of a partial index the one image that is there is pushed", "[remote]") {
  PushFixture fixture;
  const auto a = fixture.registry.add_image("app", {"for amd64"}, amd64());
  const auto b = fixture.registry.add_image("app", {"for arm64"}, arm64());
  fixture.registry.add_index("app:1", {a, b});
  const auto result = fixture.push(fixture.pull("app:1"), "h.example/copy:1");
  CHECK(result.parts == std::vector<std::string>{"linux/amd64"});
  CHECK(fixture.tagged("h.example/copy:1") == a.digest.str());
}

TEST_CASE("push_stored: of a partial index several images get an index of their own", "[remote]") {
  PushFixture fixture;
  const auto a = fixture.registry.add_image("app", {"for amd64"}, amd64());
  const auto b = fixture.registry.add_image("app", {"for arm64"}, arm64());
  const auto c =
      fixture.registry.add_image("app", {"for s390x"}, image::parse_platform("linux/s390x"));
  fixture.registry.add_index("app:1", {a, b, c});
  const auto top = fixture.pull("app:1");
  fixture.loader.load_remote(named("app:1"), top, arm64(), {});
  const auto result = fixture.push(top, "h.example/copy:1");
  CHECK(result.parts == std::vector<std::string>{"linux/amd64", "linux/arm64"});
  CHECK(result.pushed.digest != top.digest);
  const auto manifests = fixture.registry.content()->manifests["h.example/copy"];
  const auto pushed = image::parse_index(manifests.at(result.pushed.digest.str()));
  REQUIRE(pushed.manifests.size() == 2);
  CHECK(pushed.manifests[0].digest == a.digest);
  CHECK(pushed.manifests[1].platform == arm64());
}

TEST_CASE("push_stored: one image of an index, when that is asked for", "[remote]") {
  PushFixture fixture;
  const auto a = fixture.registry.add_image("app", {"for amd64"}, amd64());
  const auto b = fixture.registry.add_image("app", {"for arm64"}, arm64());
  fixture.registry.add_index("app:1", {a, b});
  const auto top = fixture.pull("app:1");
  fixture.loader.load_remote(named("app:1"), top, arm64(), {});
  const remote::PushRequest request{
      .source = top, .destination = named("h.example/copy:1"), .platform = arm64()};
  remote::push_stored(fixture.loader, request, 1, fixture.events, {});
  CHECK(fixture.tagged("h.example/copy:1") == b.digest.str());
  const remote::PushRequest missing{.source = top,
                                    .destination = named("h.example/copy:1"),
                                    .platform = image::parse_platform("linux/s390x")};
  CHECK_THROWS_WITH(remote::push_stored(fixture.loader, missing, 1, fixture.events, {}),
                    Catch::Contains("linux/s390x"));
}

TEST_CASE("push_stored: a whole index goes with its images, they first", "[remote]") {
  PushFixture fixture;
  const auto a = fixture.registry.add_image("app", {"for amd64"}, amd64());
  const auto b = fixture.registry.add_image("app", {"for arm64"}, arm64());
  const auto index = fixture.registry.add_index("app:1", {a, b});
  const auto top = fixture.pull("app:1");
  fixture.loader.load_remote(named("app:1"), top, arm64(), {});
  const auto result = fixture.push(top, "h.example/copy:1");
  CHECK(result.parts.empty());
  CHECK(result.pushed.digest == index.digest);
  const auto requests = fixture.registry.requests("PUT h.example");
  REQUIRE(requests.size() == 3);
  CHECK(requests[2] == "PUT h.example/copy:1");
}

TEST_CASE("push_stored: what stands there already is asked for, not sent", "[remote]") {
  PushFixture fixture;
  fixture.registry.add_image("app:1", {"one"}, amd64());
  const auto top = fixture.pull("app:1");
  fixture.push(top, "h.example/copy:1");
  const auto sent = fixture.registry.requests("PUT").size();
  fixture.registry.content()->requests.clear();
  CHECK(fixture.push(top, "h.example/copy:1").pushed.digest == top.digest);
  CHECK(fixture.registry.requests("") == std::vector<std::string>{"HEAD h.example/copy:1"});
  fixture.push(top, "h.example/copy:2");
  CHECK(fixture.registry.requests("PUT") == std::vector<std::string>{"PUT h.example/copy:2"});
  CHECK(sent == 3);
}

TEST_CASE("push_stored: what the store does not have is an error", "[remote]") {
  PushFixture fixture;
  image::Descriptor unknown = PushFixture::describe(image::media_type::kOciManifest, "gone");
  CHECK_THROWS_AS(fixture.push(unknown, "h.example/copy:1"), base::Error);
}

TEST_CASE(
    "registry_pusher: a blob that the registry refuses is looked at, and removed when damaged",
    "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("layer");
  const auto blob = fixture.store->content().put("layer");
  const auto push = [&] {
    remote::RegistryPusher(fixture.loader)
        .push(built, {named("h.example/app:1")}, 1, fixture.events, {});
  };
  fixture.overwrite_blob(blob, "laser");
  CHECK_THROWS_WITH(push(), Catch::Contains("blob " + blob.str() +
                                            " in the store is damaged; it "
                                            "has been removed"));
  CHECK_FALSE(fixture.store->content().has(blob));
  CHECK(fixture.tagged("h.example/app:1").empty());
  // As a build would make it.
  fixture.store->content().put("layer");
  CHECK_NOTHROW(push());
  CHECK(fixture.tagged("h.example/app:1") == built.top.digest.str());
}

TEST_CASE("registry_pusher: a blob that was cut is not sent", "[remote]") {
  PushFixture fixture;
  const auto built = fixture.build("layer");
  const auto blob = fixture.store->content().put("layer");
  fixture.overwrite_blob(blob, "lay");
  CHECK_THROWS_WITH(remote::RegistryPusher(fixture.loader)
                        .push(built, {named("h.example/app:1")}, 1, fixture.events, {}),
                    Catch::Contains(blob.str() + " in the store is damaged: it has 3 bytes"));
}
