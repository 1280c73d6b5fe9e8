#include "builder/remote/index_draft.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "tests/unit/builder/remote/fake_registry.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using test::amd64;
using test::arm64;
using test::named;
using LoneImage = remote::IndexRequest::LoneImage;

namespace {

struct DraftFixture {
  test::RegistryFixture registry;
  builder::NullEventSink events;

  remote::IndexDraft draft(const remote::IndexRequest& request) {
    return remote::draft_index(registry.client().client(), request, {});
  }
  remote::IndexDraft draft_of(const std::vector<std::string>& names) {
    return draft(request_for(names));
  }
  static remote::IndexRequest request_for(const std::vector<std::string>& names) {
    remote::IndexRequest request;
    for (const auto& name : names)
      request.sources.push_back({.reference = named(name), .told = {}});
    return request;
  }
  remote::CopyResult push(const remote::IndexDraft& draft, const std::vector<std::string>& tags) {
    std::vector<image::Reference> targets;
    for (const auto& tag : tags) targets.push_back(named(tag));
    return remote::push_index(registry.client().client(), draft, targets, 1, events, {});
  }
  image::Index standing(const std::string& name) {
    const auto fetched = registry.client().client().fetch_manifest(named(name), {});
    return image::parse_index(fetched.bytes, fetched.descriptor.media_type);
  }
};

std::vector<std::string> platforms_of(const image::Index& index) {
  std::vector<std::string> platforms;
  for (const auto& entry : index.manifests)
    platforms.push_back(entry.platform ? entry.platform->str() : "none");
  return platforms;
}

using Platforms = std::vector<std::string>;

}  // namespace

TEST_CASE("index_draft: images of several registries under several names", "[remote]") {
  DraftFixture fixture;
  const auto one = fixture.registry.add_image("a.io/one:1", {"x"}, amd64());
  const auto two = fixture.registry.add_image("b.io/two:1", {"y"}, arm64());
  const auto draft = fixture.draft_of({"a.io/one:1", "b.io/two:1"});
  const auto result = fixture.push(draft, {"a.io/app:1", "a.io/app:2", "c.io/app:1"});
  CHECK(result.mounted == 2);  // from a.io/one to a.io/app
  CHECK(result.sent == 6);     // from b.io; all to c.io
  for (const auto* const name : {"a.io/app:1", "a.io/app:2", "c.io/app:1"}) {
    const auto index = fixture.standing(name);
    CHECK(platforms_of(index) == Platforms{"linux/amd64", "linux/arm64"});
    CHECK(index.manifests[0].digest == one.digest);
    CHECK(index.manifests[1].digest == two.digest);
    CHECK(index.media_type == image::media_type::kOciIndex);
  }
  CHECK(fixture.registry.content()->manifests["c.io/app"].contains(two.digest.str()));
}

TEST_CASE("index_draft: indexes are merged; a later source takes the place of a platform",
          "[remote]") {
  DraftFixture fixture;
  auto old_amd = fixture.registry.add_image("a.io/app:old-amd", {"x"}, amd64());
  auto old_arm = fixture.registry.add_image("a.io/app:old-arm", {"y"}, arm64());
  auto said = fixture.registry.add_image("a.io/app:said", {"z"}, {"unknown", "unknown"});
  old_amd.platform = amd64();
  old_arm.platform = arm64();
  said.platform = image::Platform{"unknown", "unknown"};
  said.annotations = {{"vnd.docker.reference.digest", old_amd.digest.str()}};
  fixture.registry.add_index("a.io/app:1", {old_amd, old_arm, said});
  const auto fresh = fixture.registry.add_image("a.io/app:new-amd", {"new"}, amd64());
  const auto draft = fixture.draft_of({"a.io/app:1", "a.io/app:new-amd", "a.io/app:new-amd"});
  REQUIRE(draft.parts.size() == 2);
  CHECK(draft.parts[0].descriptor.digest == old_arm.digest);
  CHECK(draft.parts[1].descriptor.digest == fresh.digest);
  CHECK(draft.replaced == Platforms{"linux/amd64: " + old_amd.digest.str()});
}

TEST_CASE("index_draft: a lone index is taken byte for byte, with all that it names", "[remote]") {
  DraftFixture fixture;
  auto entry = fixture.registry.add_image("a.io/app:x", {"x"}, amd64());
  entry.platform = amd64();
  auto twin = fixture.registry.add_image("a.io/app:y", {"y"}, amd64());
  twin.platform = amd64();
  const auto top = fixture.registry.add_index("a.io/app:1", {entry, twin});
  const auto draft = fixture.draft_of({"a.io/app:1"});
  CHECK(draft.top.descriptor.digest == top.digest);
  fixture.push(draft, {"b.io/app:1"});
  CHECK(fixture.standing("b.io/app:1").manifests.size() == 2);
  CHECK(fixture.registry.content()->manifests["b.io/app"].contains(twin.digest.str()));
}

TEST_CASE("index_draft: a lone image gets an index, or stays", "[remote]") {
  DraftFixture fixture;
  const auto image = fixture.registry.add_image("a.io/app:1", {"x"}, amd64());
  auto request = DraftFixture::request_for({"a.io/app:1"});
  CHECK(fixture.draft(request).top.descriptor.media_type == image::media_type::kOciIndex);
  request.lone_image = LoneImage::stays_as_it_is;
  const auto draft = fixture.draft(request);
  CHECK(draft.top.descriptor.digest == image.digest);
  fixture.push(draft, {"b.io/app:1"});
  CHECK(fixture.registry.content()->tags["b.io/app"]["1"] == image.digest.str());
}

TEST_CASE("index_draft: annotations of the index and of its entries", "[remote]") {
  DraftFixture fixture;
  fixture.registry.add_image("a.io/one:1", {"x"}, amd64());
  fixture.registry.add_image("a.io/two:1", {"y"}, arm64());
  auto request = DraftFixture::request_for({"a.io/one:1", "a.io/two:1"});
  request.annotations = builder::read_annotations(
      {{"annotation-index.who", "me"}, {"annotation-manifest-descriptor[linux/arm64].k", "v"}});
  const auto draft = fixture.draft(request);
  const auto index = image::parse_index(draft.top.bytes);
  CHECK(index.annotations == image::Annotations{{"who", "me"}});
  CHECK(index.manifests[0].annotations.empty());
  CHECK(index.manifests[1].annotations == image::Annotations{{"k", "v"}});
  request.annotations = builder::read_annotations({{"annotation-manifest.k", "v"}});
  CHECK_THROWS_AS(fixture.draft(request), base::UsageError);
}

TEST_CASE("index_draft: what a descriptor tells goes before what the registry tells", "[remote]") {
  DraftFixture fixture;
  auto told = fixture.registry.add_image("a.io/app:1", {"x"}, amd64());
  told.platform = image::Platform{"linux", "amd64", "v3"};
  told.annotations = {{"k", "v"}};
  remote::IndexRequest request;
  request.sources = {{.reference = named("a.io/app:1"), .told = told}};
  const auto index = image::parse_index(fixture.draft(request).top.bytes);
  CHECK(platforms_of(index) == Platforms{"linux/amd64/v3"});
  CHECK(index.manifests[0].annotations == told.annotations);
}
