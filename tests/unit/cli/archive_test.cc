#include <catch2/catch.hpp>
#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "base/thread_pool.h"
#include "cli/archive/archive_contents.h"
#include "cli/archive/archived_images.h"
#include "image/config.h"
#include "image/docker_archive.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "layers/compression.h"
#include "layers/store.h"
#include "layers/tar_writer.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;

namespace {

/// Makes the tar of an image archive.
class ArchiveMaker {
 public:
  void file(const std::string& path, const std::string& bytes) {
    layers::LayerEntry entry;
    entry.path = base::RelPath::exact(path);
    entry.mode = 0644;
    entry.size_bytes = bytes.size();
    base::StringSource source(bytes);
    tar_.add(entry, &source);
  }
  void link(const std::string& path, const std::string& target) {
    layers::LayerEntry entry;
    entry.path = base::RelPath::exact(path);
    entry.type = layers::EntryType::symlink;
    entry.link_target = target;
    tar_.add(entry, nullptr);
  }
  /// A blob of an OCI layout; gives its descriptor.
  image::Descriptor blob(std::string_view media_type, const std::string& bytes) {
    image::Descriptor descriptor;
    descriptor.media_type = media_type;
    descriptor.digest = base::sha256_of(bytes);
    descriptor.size_bytes = bytes.size();
    file("blobs/sha256/" + std::string(descriptor.digest.hex()), bytes);
    return descriptor;
  }
  std::string finish() {
    tar_.finish();
    return out_.text();
  }

 private:
  base::StringSink out_;
  layers::TarWriter tar_{out_};
};

struct Fixture {
  base::TempDir dir = test::make_scratch_dir();
  base::ThreadPool pool{1};
  std::unique_ptr<layers::Store> store = layers::Store::open(dir.host_path(), pool);
  cli::ArchiveContents read(const std::string& bytes) {
    base::StringSource in(bytes);
    return cli::read_archive(in, store->content(), {});
  }
};

/// The tar of an empty layer.
std::string empty_layer() { return std::string(1024, '\0'); }

std::string config_of(const std::vector<std::string>& layers) {
  image::ImageConfig config;
  config.platform = image::host_platform();
  for (const auto& layer : layers) config.diff_ids.push_back(base::sha256_of(layer));
  return image::to_json(config);
}

/// index.json over one image, under `name`.
image::Descriptor add_layout_image(ArchiveMaker& archive, const std::string& name) {
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  manifest.config = archive.blob(image::media_type::kOciConfig, config_of({empty_layer()}));
  manifest.layers = {archive.blob(image::media_type::kOciLayer, empty_layer())};
  auto top = archive.blob(manifest.media_type, image::to_json(manifest));
  image::Index index;
  index.media_type = image::media_type::kOciIndex;
  index.manifests = {top};
  if (!name.empty()) index.manifests[0].annotations["org.opencontainers.image.ref.name"] = name;
  archive.file("index.json", image::to_json(index));
  return top;
}

}  // namespace

TEST_CASE("archive: an OCI layout's image keeps its digest and its name", "[cli]") {
  Fixture fixture;
  ArchiveMaker archive;
  const auto top = add_layout_image(archive, "docker.io/library/app:1");
  const auto images = cli::images_of_layout(fixture.read(archive.finish()), *fixture.store);
  REQUIRE(images.size() == 1);
  CHECK(images[0].descriptor == top);
  REQUIRE(images[0].names.size() == 1);
  CHECK(images[0].names[0].familiar() == "app:1");
  CHECK(fixture.store->content().has(base::sha256_of(empty_layer())));
}

TEST_CASE("archive: a bare word names nothing", "[cli]") {
  Fixture fixture;
  ArchiveMaker archive;
  add_layout_image(archive, "latest");
  CHECK(cli::images_of_layout(fixture.read(archive.finish()), *fixture.store)[0].names.empty());
}

TEST_CASE("archive: a blob that is not what its name says is refused", "[cli]") {
  Fixture fixture;
  ArchiveMaker archive;
  archive.file("blobs/sha256/" + std::string(64, 'a'), "something else");
  CHECK_THROWS_AS(fixture.read(archive.finish()), base::ContentError);
}

TEST_CASE("archive: a missing blob is named", "[cli]") {
  Fixture fixture;
  ArchiveMaker archive;
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  manifest.config = archive.blob(image::media_type::kOciConfig, config_of({empty_layer()}));
  manifest.layers = {manifest.config};
  manifest.layers[0].media_type = image::media_type::kOciLayer;
  manifest.layers[0].digest = base::sha256_of("not there");
  image::Index index;
  index.media_type = image::media_type::kOciIndex;
  index.manifests = {archive.blob(manifest.media_type, image::to_json(manifest))};
  archive.file("index.json", image::to_json(index));
  const auto contents = fixture.read(archive.finish());
  CHECK_THROWS_WITH(cli::images_of_layout(contents, *fixture.store),
                    Catch::Contains(base::sha256_of("not there").str()));
}

TEST_CASE("archive: gzip is seen and taken off", "[cli]") {
  Fixture fixture;
  ArchiveMaker archive;
  archive.file("hello", "world");
  base::StringSink packed;
  const auto compressor = layers::make_compressor({}, packed, fixture.pool);
  compressor->write(base::as_bytes(archive.finish()));
  compressor->finish();
  CHECK(fixture.read(packed.text()).blobs.at("hello").digest == base::sha256_of("world"));
}

TEST_CASE("archive: docker save, with links between layers", "[cli]") {
  Fixture fixture;
  ArchiveMaker archive;
  archive.file("config.json", config_of({empty_layer(), empty_layer()}));
  archive.file("one/layer.tar", empty_layer());
  archive.link("two/layer.tar", "../one/layer.tar");
  archive.file("manifest.json", image::to_json(std::vector<image::DockerArchiveImage>{
                                    {.config = "config.json",
                                     .repo_tags = {"app:1", "h.example/app:2"},
                                     .layers = {"one/layer.tar", "two/layer.tar"}}}));
  const auto images = cli::images_of_docker_save(fixture.read(archive.finish()), *fixture.store);
  REQUIRE(images.size() == 1);
  CHECK(images[0].names.size() == 2);
  CHECK(images[0].leftovers == std::vector<base::Digest>(2, base::sha256_of(empty_layer())));
  const auto manifest =
      image::parse_manifest(fixture.store->content().read(images[0].descriptor.digest));
  REQUIRE(manifest.layers.size() == 2);
  CHECK(manifest.layers[0].media_type == image::media_type::kOciLayerGzip);
  CHECK(fixture.store->content().has(manifest.layers[0].digest));
}

TEST_CASE("archive: a layer that is not its diff-id is refused", "[cli]") {
  Fixture fixture;
  ArchiveMaker archive;
  archive.file("config.json", config_of({"another layer"}));
  archive.file("layer.tar", empty_layer());
  archive.file("manifest.json",
               image::to_json(std::vector<image::DockerArchiveImage>{
                   {.config = "config.json", .repo_tags = {}, .layers = {"layer.tar"}}}));
  const auto contents = fixture.read(archive.finish());
  CHECK_THROWS_AS(cli::images_of_docker_save(contents, *fixture.store), base::ContentError);
}

TEST_CASE("archive: links that lead nowhere or in a circle name nothing", "[cli]") {
  Fixture fixture;
  ArchiveMaker archive;
  archive.link("a", "b");
  archive.link("b", "a");
  archive.link("c", "../../etc/passwd");
  CHECK(fixture.read(archive.finish()).blobs.empty());
}

TEST_CASE("archive: what is no tar is refused", "[cli]") {
  Fixture fixture;
  CHECK_THROWS_AS(fixture.read(std::string(4096, 'x')), base::ContentError);
}
