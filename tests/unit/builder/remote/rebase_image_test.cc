#include "builder/remote/rebase_image.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/attest/attestation_manifest.h"
#include "image/config.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "tests/unit/builder/remote/fake_registry.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using test::amd64;
using test::arm64;
using test::named;

namespace {

constexpr const char* kBaseName = "org.opencontainers.image.base.name";
constexpr const char* kBaseDigest = "org.opencontainers.image.base.digest";

/// base:1 and base:2 in b.io, app:1 on the former in a.io.
struct RebaseFixture {
  test::RegistryFixture registry;
  builder::NullEventSink events;
  image::Descriptor old_base = registry.add_image("b.io/base:1", {"old"}, amd64());
  image::Descriptor new_base = registry.add_image("b.io/base:2", {"new", "more"}, amd64());
  image::Descriptor app = registry.add_image("a.io/app:1", {"old", "own"}, amd64());

  registry::RegistryClient& client() { return registry.client().client(); }
  static remote::RebaseRequest request() {
    return {.image = named("a.io/app:1"),
            .onto = named("b.io/base:2"),
            .old_base = named("b.io/base:1"),
            .platform = {}};
  }
  remote::RebaseDraft draft(const remote::RebaseRequest& request) {
    return remote::draft_rebase(client(), request, {});
  }
  remote::CopyResult push(const remote::RebaseDraft& draft, const std::vector<std::string>& names) {
    std::vector<image::Reference> references;
    for (const auto& name : names) references.push_back(named(name));
    return remote::push_rebase(client(), draft, references, 1, events, {});
  }
  /// Stores a document under the tag.
  image::Descriptor put(const std::string& name, std::string_view type, const std::string& bytes) {
    const auto digest = client().push_manifest(named(name), type, bytes, {});
    return {.media_type = std::string(type), .digest = digest, .size_bytes = bytes.size()};
  }
  image::Manifest manifest_of(const std::string& name) {
    return image::parse_manifest(client().fetch_manifest(named(name), {}).bytes);
  }
  /// Puts these annotations on an image.
  image::Descriptor annotate(const std::string& name, const image::Annotations& annotations) {
    auto manifest = manifest_of(name);
    manifest.annotations = annotations;
    return put(name, manifest.media_type, image::to_json(manifest));
  }
  void refuses(const remote::RebaseRequest& request, const std::string& part) {
    CHECK_THROWS_WITH(draft(request), Catch::Contains(part));
    CHECK(registry.requests("PUT-BLOB").empty());
  }
};

std::vector<std::string> layer_digests(const image::Manifest& manifest) {
  std::vector<std::string> digests;
  for (const auto& layer : manifest.layers) digests.push_back(layer.digest.str());
  return digests;
}

std::vector<std::string> digests_of(const std::vector<std::string>& contents) {
  std::vector<std::string> digests;
  for (const auto& content : contents) digests.push_back(base::sha256_of(content).str());
  return digests;
}

}  // namespace

TEST_CASE("rebase_image: the own layers on the new base, written elsewhere", "[remote]") {
  RebaseFixture fixture;
  const auto result = fixture.push(fixture.draft(fixture.request()), {"a.io/app:2", "c.io/x:1"});
  const auto manifest = fixture.manifest_of("a.io/app:2");
  CHECK(layer_digests(manifest) == digests_of({"new", "more", "own"}));
  CHECK(manifest.annotations == image::Annotations{{kBaseName, "b.io/base:2"},
                                                   {kBaseDigest, fixture.new_base.digest.str()}});
  auto content = fixture.registry.content();
  const auto& config = content->blobs["a.io/app"][manifest.config.digest.str()];
  CHECK(image::parse_image_config(config).history.size() == 3);
  CHECK(content->blobs["c.io/x"].size() == 4);
  CHECK(content->manifests["c.io/x"].contains(result.copied.digest.str()));
  CHECK(content->tags["a.io/app"]["1"] == fixture.app.digest.str());
  CHECK(result.sent == 7);  // two layers and the config; all to c.io
  CHECK(result.there_already == 1);
}

TEST_CASE("rebase_image: no layer is read for a draft, and none twice", "[remote]") {
  RebaseFixture fixture;
  fixture.draft(fixture.request());
  CHECK(fixture.registry.requests("BLOB ").size() == 3);  // configs
  CHECK(fixture.registry.requests("PUT").empty());
}

TEST_CASE("rebase_image: the annotations of the image name the old base", "[remote]") {
  RebaseFixture fixture;
  auto request = fixture.request();
  request.old_base.reset();
  fixture.refuses(request, "nothing tells what a.io/app:1 was built on");
  fixture.annotate("a.io/app:1", {{kBaseName, "b.io/base:1"}, {"own", "x"}});
  auto draft = fixture.draft(request);
  CHECK(draft.images.at(0).old_base.digest == fixture.old_base.digest);
  CHECK(image::parse_manifest(draft.top.bytes).annotations.at("own") == "x");

  // The digest goes before the tag, which may have moved.
  fixture.annotate("a.io/app:1",
                   {{kBaseName, "b.io/base:2"}, {kBaseDigest, fixture.old_base.digest.str()}});
  draft = fixture.draft(request);
  CHECK(draft.images.at(0).old_base.digest == fixture.old_base.digest);
  fixture.annotate("a.io/app:1", {{kBaseName, "b.io/base:2"}});
  fixture.refuses(request, "does not stand on b.io/base:2");
  fixture.annotate("a.io/app:1", {{kBaseName, "b.io/base:1"}, {kBaseDigest, "md5:1"}});
  fixture.refuses(request, "is no digest: md5:1");
}

TEST_CASE("rebase_image: all images of an index, without what was said of them", "[remote]") {
  RebaseFixture fixture;
  auto& registry = fixture.registry;
  auto old_arm = registry.add_image("b.io/base:1-arm", {"arm"}, arm64());
  auto new_arm = registry.add_image("b.io/base:2-arm", {"arm2"}, arm64());
  auto app_arm = registry.add_image("a.io/app:1-arm", {"arm", "own"}, arm64());
  registry.add_index("b.io/base:1", {fixture.old_base, old_arm});
  registry.add_index("b.io/base:2", {fixture.new_base, new_arm});
  image::Descriptor said = app_arm;
  said.digest = base::sha256_of("said");
  said.platform = image::Platform{"unknown", "unknown"};
  said.annotations = {{"vnd.docker.reference.type", "attestation-manifest"},
                      {"vnd.docker.reference.digest", app_arm.digest.str()}};
  registry.add_index("a.io/app:1", {fixture.app, app_arm, said});

  const auto draft = fixture.draft(fixture.request());
  CHECK(draft.left_out == std::vector{said.digest});
  fixture.push(draft, {"a.io/app:2"});
  const auto index =
      image::parse_index(fixture.client().fetch_manifest(named("a.io/app:2"), {}).bytes);
  REQUIRE(index.manifests.size() == 2);
  CHECK(index.manifests[0].platform == amd64());
  CHECK(index.manifests[1].platform == arm64());
  const auto arm = fixture.manifest_of("a.io/app@" + index.manifests[1].digest.str());
  CHECK(layer_digests(arm) == digests_of({"arm2", "own"}));

  auto request = fixture.request();
  request.platform = arm64();
  const auto lone = fixture.draft(request);
  CHECK(lone.top.descriptor.digest == index.manifests[1].digest);

  registry.add_index("b.io/base:2", {fixture.new_base});
  CHECK_THROWS_AS(fixture.draft(fixture.request()), base::Error);
}

TEST_CASE("rebase_image: what is not sure is refused, and nothing is written", "[remote]") {
  RebaseFixture fixture;
  auto request = fixture.request();
  SECTION("another base") {
    request.old_base = named("b.io/base:2");
    fixture.refuses(request, "does not stand on b.io/base:2");
  }
  SECTION("a new base for another platform") {
    fixture.registry.add_image("b.io/base:2", {"arm"}, arm64());
    fixture.refuses(request, "b.io/base:2 is for linux/arm64, not for linux/amd64");
  }
  SECTION("an image that refers to another") {
    auto manifest = fixture.manifest_of("a.io/app:1");
    manifest.subject = fixture.old_base;
    fixture.put("a.io/app:1", manifest.media_type, image::to_json(manifest));
    fixture.refuses(request, "refers to another image");
  }
  SECTION("layers that stay where they are") {
    auto manifest = fixture.manifest_of("b.io/base:2");
    manifest.layers[0].media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    manifest.layers[0].urls = {"https://example.com/layer"};
    fixture.put("b.io/base:2", manifest.media_type, image::to_json(manifest));
    fixture.refuses(request, "must not be distributed");
  }
  SECTION("an index with something else in it") {
    auto other = fixture.app;
    other.platform.reset();
    fixture.registry.add_index("a.io/app:1", {fixture.app, other});
    fixture.refuses(request, "which is no image of a platform");
  }
  SECTION("no such image") {
    request.image = named("a.io/app:3");
    fixture.refuses(request, "there is no a.io/app:3");
  }
}

TEST_CASE("rebase_image: a manifest of Docker's stays one, without annotations", "[remote]") {
  RebaseFixture fixture;
  auto manifest = fixture.manifest_of("a.io/app:1");
  manifest.media_type = image::media_type::kDockerManifest;
  manifest.config.media_type = image::media_type::kDockerConfig;
  for (auto& layer : manifest.layers) layer.media_type = image::media_type::kDockerLayer;
  fixture.put("a.io/app:1", manifest.media_type, image::to_json(manifest));
  const auto top = fixture.draft(fixture.request()).top;
  CHECK(top.descriptor.media_type == image::media_type::kDockerManifest);
  const auto rebased = image::parse_manifest(top.bytes);
  CHECK(rebased.annotations.empty());
  for (const auto& layer : rebased.layers)
    CHECK(layer.media_type == image::media_type::kDockerLayer);
}
