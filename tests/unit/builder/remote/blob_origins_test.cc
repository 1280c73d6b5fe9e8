#include "builder/remote/blob_origins.h"

#include <catch2/catch.hpp>

#include "base/files.h"
#include "builder/remote/registry_blob_provider.h"
#include "tests/support/hashed_text.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using test::named;

namespace {

const base::Digest kBlob = base::sha256_of("a blob");

std::vector<std::string> names(const std::vector<image::Reference>& references) {
  std::vector<std::string> names;
  for (const auto& reference : references) names.push_back(reference.name());
  return names;
}

}  // namespace

TEST_CASE("blob_origins: nothing is known of a new blob", "[remote]") {
  test::RemoteFixture fixture;
  CHECK(fixture.origins.find(kBlob).empty());
  CHECK(remote::make_provider(fixture.registry.client(), fixture.origins, kBlob) == nullptr);
}

TEST_CASE("blob_origins: repositories are remembered, latest first, each once", "[remote]") {
  test::RemoteFixture fixture;
  fixture.origins.remember(kBlob, named("python:3.7"));
  fixture.origins.remember(kBlob, named("127.0.0.1:5000/app:1"));
  fixture.origins.remember(kBlob, named("python:3.8"));
  CHECK(names(fixture.origins.find(kBlob)) ==
        std::vector<std::string>{"docker.io/library/python", "127.0.0.1:5000/app"});
}

TEST_CASE("blob_origins: the oldest is forgotten", "[remote]") {
  test::RemoteFixture fixture;
  for (int i = 0; i < 20; ++i) fixture.origins.remember(kBlob, named("app" + std::to_string(i)));
  const auto found = fixture.origins.find(kBlob);
  REQUIRE(found.size() == remote::BlobOrigins::kMaxPerBlob);
  CHECK(found.front().path == "library/app19");
}

TEST_CASE("blob_origins: another process sees them", "[remote]") {
  test::RemoteFixture fixture;
  fixture.origins.remember(kBlob, named("python:3.7"));
  CHECK(remote::BlobOrigins(*fixture.store).find(kBlob).size() == 1);
}

TEST_CASE("blob_origins: a damaged file holds what can still be read", "[remote]") {
  test::RemoteFixture fixture;
  const auto path = base::RelPath::exact("sha256-" + std::string(kBlob.hex()));
  base::write_file_atomically(fixture.store->cache_dir("origins"), path,
                              "\x01\x02 no name\ndocker.io/library/python\nlibrary//python\n");
  CHECK(names(fixture.origins.find(kBlob)) == std::vector<std::string>{"docker.io/library/python"});
}

TEST_CASE("registry_blob_provider: the next repository is asked when the first has lost the blob",
          "[remote]") {
  test::RemoteFixture fixture;
  const auto image = fixture.registry.add_image("other/app:1", {"layer"}, test::amd64());
  image::Descriptor layer;
  layer.digest = base::sha256_of("layer");
  layer.size_bytes = 5;
  remote::RegistryBlobProvider provider(fixture.registry.client(),
                                        {named("gone/app"), named("other/app")});
  test::HashedText out;
  provider.fetch(layer, out, {});
  CHECK(out.text() == "layer");
  CHECK(provider.repository() == "docker.io/gone/app");
}

TEST_CASE("registry_blob_provider: after the first byte there is no other repository", "[remote]") {
  test::RemoteFixture fixture;
  fixture.registry.add_image("one/app:1", {"layer"}, test::amd64());
  fixture.registry.add_image("two/app:1", {"layer"}, test::amd64());
  image::Descriptor layer;
  layer.digest = base::sha256_of("layer");
  layer.size_bytes = 5;
  fixture.registry.content()->broken_blobs.insert(layer.digest.str());
  remote::RegistryBlobProvider provider(fixture.registry.client(),
                                        {named("one/app"), named("two/app")});
  test::HashedText out;
  CHECK_THROWS_AS(provider.fetch(layer, out, {}), registry::RegistryError);
  CHECK(fixture.registry.requests("BLOB").size() == 1);
}
