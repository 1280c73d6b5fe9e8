#include "builder/remote/copy_image.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/remote/blob_pipe.h"
#include "builder/remote/remote_documents.h"
#include "image/media_types.h"
#include "tests/unit/builder/remote/fake_registry.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using test::amd64;
using test::arm64;
using test::named;

namespace {

struct CopyFixture {
  test::RegistryFixture registry;
  builder::NullEventSink events;

  remote::CopyResult copy(const std::string& from, const std::string& to,
                          std::optional<image::Platform> platform = {}) {
    return remote::copy_image(
        registry.client().client(),
        {.source = named(from), .destination = named(to), .platform = platform}, 1, events, {});
  }
  std::string tagged(const std::string& name) {
    const auto reference = named(name);
    return registry.content()->tags[reference.name()][reference.tag];
  }
  std::size_t count(const std::string& prefix) { return registry.requests(prefix).size(); }
};

}  // namespace

TEST_CASE("copy_image: blobs and manifest, byte for byte, to another registry", "[remote]") {
  CopyFixture fixture;
  const auto image = fixture.registry.add_image("a.io/app:1", {"one", "two"}, amd64());
  const auto result = fixture.copy("a.io/app:1", "b.io/team/app:2");
  CHECK(result.copied.digest == image.digest);
  CHECK(result.sent == 3);  // two layers, config
  CHECK(fixture.tagged("b.io/team/app:2") == image.digest.str());
  auto content = fixture.registry.content();
  CHECK(content->manifests["b.io/team/app"] == content->manifests["a.io/app"]);
  CHECK(content->blobs["b.io/team/app"] == content->blobs["a.io/app"]);
}

TEST_CASE("copy_image: within a registry blobs are mounted, none flows", "[remote]") {
  CopyFixture fixture;
  fixture.registry.add_image("a.io/app:1", {"one"}, amd64());
  const auto result = fixture.copy("a.io/app:1", "a.io/other:1");
  CHECK(result.mounted == 2);
  CHECK(fixture.count("BLOB ") == 0);
}

TEST_CASE("copy_image: what stands there already costs one look", "[remote]") {
  CopyFixture fixture;
  fixture.registry.add_image("a.io/app:1", {"one"}, amd64());
  fixture.copy("a.io/app:1", "b.io/app:1");
  const auto puts = fixture.count("PUT");
  const auto again = fixture.copy("a.io/app:1", "b.io/app:1");
  CHECK(again.sent + again.mounted + again.there_already == 0);
  CHECK(fixture.count("PUT") == puts);
  const auto other_tag = fixture.copy("a.io/app:1", "b.io/app:2");
  CHECK(other_tag.there_already == 2);
}

TEST_CASE("copy_image: an index with all it names, children first", "[remote]") {
  CopyFixture fixture;
  const auto one = fixture.registry.add_image("a.io/app", {"one", "both"}, amd64());
  const auto two = fixture.registry.add_image("a.io/app", {"two", "both"}, arm64());
  const auto index = fixture.registry.add_index("a.io/app:1", {one, two});
  const auto result = fixture.copy("a.io/app:1", "b.io/app:1");
  CHECK(result.copied.digest == index.digest);
  CHECK(result.sent == 5);  // "both" once
  CHECK(fixture.registry.requests("PUT b.io") ==
        std::vector<std::string>{"PUT b.io/app@" + one.digest.str(),
                                 "PUT b.io/app@" + two.digest.str(), "PUT b.io/app:1"});
}

TEST_CASE("copy_image: one platform of an index", "[remote]") {
  CopyFixture fixture;
  const auto one = fixture.registry.add_image("a.io/app", {"one"}, amd64());
  const auto two = fixture.registry.add_image("a.io/app", {"two"}, arm64());
  fixture.registry.add_index("a.io/app:1", {one, two});
  CHECK(fixture.copy("a.io/app:1", "b.io/app:1", arm64()).copied.digest == two.digest);
  CHECK(fixture.tagged("b.io/app:1") == two.digest.str());
  CHECK(fixture.registry.content()->manifests["b.io/app"].size() == 1);
  CHECK_THROWS_AS(fixture.copy("a.io/app:1", "b.io/app:2", image::parse_platform("linux/s390x")),
                  base::Error);
}

TEST_CASE("copy_image: a blob that breaks leaves no manifest", "[remote]") {
  CopyFixture fixture;
  fixture.registry.add_image("a.io/app:1", {std::string(100, 'x')}, amd64());
  fixture.registry.content()->broken_blobs.insert(base::sha256_of(std::string(100, 'x')).str());
  CHECK_THROWS_AS(fixture.copy("a.io/app:1", "b.io/app:1"), registry::RegistryError);
  CHECK(fixture.registry.content()->manifests["b.io/app"].empty());
}

TEST_CASE("blob_pipe: gives large blobs whole, and lets go when nobody reads on", "[remote]") {
  CopyFixture fixture;
  std::string bytes(5 << 20, '.');
  for (std::size_t i = 0; i < bytes.size(); i += 997) bytes[i] = static_cast<char>('a' + i % 26);
  image::Descriptor blob;
  blob.digest = base::sha256_of(bytes);
  blob.size_bytes = bytes.size();
  fixture.registry.content()->blobs["a.io/app"][blob.digest.str()] = bytes;
  auto& client = fixture.registry.client().client();
  remote::BlobPipe pipe(client, named("a.io/app"), blob, {});
  CHECK(base::read_all(pipe, bytes.size(), "blob") == bytes);

  remote::BlobPipe left(client, named("a.io/app"), blob, {});
  std::byte first{};
  CHECK(left.read(std::span(&first, 1)) == 1);
}

TEST_CASE("blob_pipe: what goes wrong comes out of the reader", "[remote]") {
  CopyFixture fixture;
  image::Descriptor blob;
  blob.digest = base::sha256_of("not there");
  blob.size_bytes = 9;
  remote::BlobPipe pipe(fixture.registry.client().client(), named("a.io/app"), blob, {});
  std::byte first{};
  CHECK_THROWS_AS(pipe.read(std::span(&first, 1)), registry::RegistryError);

  std::stop_source stop;
  stop.request_stop();
  remote::BlobPipe stopped(fixture.registry.client().client(), named("a.io/app"), blob,
                           stop.get_token());
  CHECK_THROWS_AS(stopped.read(std::span(&first, 1)), base::Error);
}
