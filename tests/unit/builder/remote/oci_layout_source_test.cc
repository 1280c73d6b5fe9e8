#include "builder/remote/oci_layout_source.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/support/hashed_text.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using builder::PullPolicy;
using remote::OciLayoutSource;
using test::amd64;
using test::arm64;
using test::named;

namespace {

/// What a fake registry has, as an OCI layout on disk.
struct LayoutFixture : test::RemoteFixture {
  base::TempDir layout = test::make_scratch_dir();
  std::string entries;

  void list(const image::Descriptor& descriptor, const std::string& tag) {
    if (!entries.empty()) entries += ",";
    entries += R"({"mediaType":")" + descriptor.media_type + R"(","digest":")" +
               descriptor.digest.str() + R"(","size":)" + std::to_string(descriptor.size_bytes);
    if (!tag.empty())
      entries += R"(,"annotations":{"org.opencontainers.image.ref.name":")" + tag + R"("})";
    entries += "}";
  }
  void write(const std::string& path, const std::string& content) {
    const auto place = base::RelPath::exact(path);
    base::make_dirs(layout.dir(), place.parent());
    base::write_file_atomically(layout.dir(), place, content);
  }
  void write_layout() {
    write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    write("index.json", R"({"schemaVersion":2,"manifests":[)" + entries + "]}");
    auto content = registry.content();
    for (const auto* documents : {&content->manifests, &content->blobs}) {
      for (const auto& [repository, by_digest] : *documents) {
        for (const auto& [digest, bytes] : by_digest)
          write("blobs/sha256/" + digest.substr(7), bytes);
      }
    }
  }
  builder::BaseImage load(const std::string& tag = "", std::optional<base::Digest> digest = {},
                          const image::Platform& platform = amd64()) {
    OciLayoutSource source({.path = layout.host_path(), .tag = tag, .digest = std::move(digest)});
    return source.try_load(named("ctx"), platform, PullPolicy::missing, {}).value();
  }
};

std::string blob_text(const layers::Layer& layer) {
  test::HashedText sink;
  layer.provider->fetch(*layer.blob, sink, {});
  return sink.text();
}

}  // namespace

TEST_CASE("oci_layout_source: an image by tag, its layers read on demand", "[remote]") {
  LayoutFixture fixture;
  fixture.list(fixture.registry.add_image("app:1", {"one", "two"}, amd64()), "v1");
  fixture.list(fixture.registry.add_image("app:2", {"three"}, amd64()), "latest");
  fixture.write_layout();
  const auto base = fixture.load("v1");
  REQUIRE(base.layers.size() == 2);
  CHECK(blob_text(base.layers[1]) == "two");
  CHECK(base.reference == named("ctx"));
  CHECK(fixture.load().layers.size() == 1);  // latest
}

TEST_CASE("oci_layout_source: the only image needs no tag", "[remote]") {
  LayoutFixture fixture;
  fixture.list(fixture.registry.add_image("app:1", {"one"}, amd64()), "v1");
  fixture.write_layout();
  CHECK(fixture.load().layers.size() == 1);
}

TEST_CASE("oci_layout_source: a tag that is not there is an error that tells the others",
          "[remote]") {
  LayoutFixture fixture;
  fixture.list(fixture.registry.add_image("app:1", {"one"}, amd64()), "v1");
  fixture.list(fixture.registry.add_image("app:2", {"two"}, amd64()), "v2");
  fixture.write_layout();
  for (const std::string& tag : {std::string(), std::string("v3")}) {
    try {
      fixture.load(tag);
      FAIL("it was found");
    } catch (const base::Error& error) {
      CHECK_THAT(error.what(),
                 Catch::Matchers::EndsWith("has no image " + (tag.empty() ? "latest" : tag)));
      CHECK(error.hint() == "it has v1, v2");
    }
  }
}

TEST_CASE("oci_layout_source: an image by digest, listed or inside an index", "[remote]") {
  LayoutFixture fixture;
  const auto one = fixture.registry.add_image("app:1", {"one"}, amd64());
  const auto two = fixture.registry.add_image("app:2", {"two"}, arm64());
  const auto index = fixture.registry.add_index("app:3", {one, two});
  fixture.list(index, "v1");
  fixture.write_layout();
  CHECK(fixture.load("", index.digest).digest == one.digest);
  CHECK(fixture.load("ignored", one.digest).digest == one.digest);
  CHECK(fixture.load("v1", {}, arm64()).digest == two.digest);
  CHECK_THROWS_WITH(fixture.load("", base::sha256_of("nothing")),
                    Catch::Matchers::Contains("has no image sha256:"));
}

TEST_CASE("oci_layout_source: what is no layout is refused", "[remote]") {
  LayoutFixture fixture;
  CHECK_THROWS_WITH(fixture.load(),
                    Catch::Matchers::EndsWith("is no OCI layout: it has no file oci-layout"));
  fixture.write("oci-layout", R"({"imageLayoutVersion":"9"})");
  CHECK_THROWS_AS(fixture.load(), base::ContentError);
}

TEST_CASE("oci_layout_source: a document that is not what its digest says is refused", "[remote]") {
  LayoutFixture fixture;
  const auto image = fixture.registry.add_image("app:1", {"one"}, amd64());
  fixture.list(image, "v1");
  fixture.write_layout();
  fixture.write("blobs/sha256/" + std::string(image.digest.hex()), "{}");
  CHECK_THROWS_AS(fixture.load("v1"), base::ContentError);
}
