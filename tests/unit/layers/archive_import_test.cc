#include "layers/archive_import.h"

#include <archive.h>
#include <archive_entry.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/config.h"
#include "image/docker_archive.h"
#include "image/media_types.h"
#include "tests/unit/layers/filtered_bytes.h"
#include "tests/unit/layers/image_samples.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::layers {

namespace {

using base::ContentError;
using test::ArchiveSample;
using test::named;
using test::SampleImage;
using test::StoreFixture;
namespace media_type = image::media_type;

std::vector<ImportedImage> import(StoreFixture& f, const std::string& bytes,
                                  std::stop_token stop = {}) {
  base::StringSource source(bytes);
  return import_archive(*f.store, source, std::move(stop));
}
std::vector<ImportedImage> import(StoreFixture& f, const ArchiveSample& archive) {
  return import(f, archive.tar());
}

/// Refused with `words`, and the store is as it was.
void check_refused(const std::string& bytes, const std::string& words) {
  StoreFixture f;
  CHECK_THROWS_WITH(import(f, bytes), Catch::Contains(words));
  CHECK(f.blob_count() == 0);
  CHECK(f.store->images().list().empty());
  CHECK(base::list_dir(f.store->temp()).empty());
}

std::vector<std::string> names_of(const ImportedImage& image) {
  std::vector<std::string> names;
  for (const auto& name : image.names) names.push_back(name.str());
  return names;
}
using Names = std::vector<std::string>;

ArchiveSample oci_archive(const SampleImage& image, const std::string& name) {
  return ArchiveSample().add_blobs_of(image).add_index({named(image.descriptor(), name)});
}

/// As docker save before version 25 writes it.
ArchiveSample docker_archive(const SampleImage& image, const std::vector<std::string>& tags) {
  const std::string config = std::string(image.config_digest().hex()) + ".json";
  image::DockerArchiveImage table{.config = config, .repo_tags = tags, .layers = {}};
  ArchiveSample archive;
  for (std::size_t i = 0; i < image.tars.size(); ++i) {
    table.layers.push_back("layer" + std::to_string(i) + "/layer.tar");
    archive.add(table.layers.back(), image.tars[i]);
  }
  archive.add(config, image.config).add("manifest.json", image::to_json(std::vector{table}));
  return archive;
}

/// A manifest.json of one image.
std::string table(const std::string& config, const std::vector<std::string>& layers) {
  return image::to_json(std::vector<image::DockerArchiveImage>{{config, {"app:1"}, layers}});
}

/// An archive with one entry of a name that TarWriter would not write.
std::string tar_with_name(const std::string& name, unsigned type = AE_IFREG) {
  std::string bytes(8192, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_ustar(writer);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, type);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, 0);
  archive_write_header(writer, entry);
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

}  // namespace

TEST_CASE("archive_import: an image of an OCI layout stays as it is", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one", "two"});
  const auto imported = import(f, oci_archive(image, "registry.example/team/app:1"));
  REQUIRE(imported.size() == 1);
  CHECK(names_of(imported[0]) == Names{"registry.example/team/app:1"});
  CHECK(imported[0].descriptor == image.descriptor());
  CHECK(f.store->images().find(imported[0].names[0]) == image.descriptor());
  CHECK(f.store->content().read(image.descriptor().digest) == image.manifest);
  CHECK(f.store->content().read(image.config_digest()) == image.config);
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(f.store->content().read(image.blob_digest(i)) == image.blobs[i]);
  CHECK(f.blob_count() == 4);
  CHECK(base::list_dir(f.store->temp()).empty());
}

TEST_CASE("archive_import: names are taken as far as they are names", "[layers]") {
  const SampleImage image({"one"});
  const auto names = [&](const std::string& text) {
    StoreFixture f;
    return names_of(import(f, oci_archive(image, text)).at(0));
  };
  CHECK(names("app:1") == Names{"docker.io/library/app:1"});
  CHECK(names("localhost/app") == Names{"localhost/app:latest"});
  CHECK(names("latest").empty());
  CHECK(names("Not A/Name").empty());
  CHECK(names("").empty());
}

TEST_CASE("archive_import: the full name wins over the reference name", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  auto entry = named(image.descriptor(), "latest");
  entry.annotations["io.containerd.image.name"] = "docker.io/library/app:latest";
  const auto imported = import(f, ArchiveSample().add_blobs_of(image).add_index({entry}));
  CHECK(names_of(imported.at(0)) == Names{"docker.io/library/app:latest"});
}

TEST_CASE("archive_import: one image of several names is one image", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  const auto imported =
      import(f, ArchiveSample().add_blobs_of(image).add_index(
                    {named(image.descriptor(), "app:1"), named(image.descriptor(), "app:2")}));
  REQUIRE(imported.size() == 1);
  CHECK(names_of(imported[0]) == Names{"docker.io/library/app:1", "docker.io/library/app:2"});
  CHECK(f.store->images().list().size() == 2);
}

TEST_CASE("archive_import: an image without a name is kept untagged", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  import(f, ArchiveSample().add_blobs_of(image).add_index({image.descriptor()}));
  REQUIRE(f.store->images().list().size() == 1);
  CHECK(f.store->images().list()[0].name.empty());
}

TEST_CASE("archive_import: the archive may be compressed in four ways", "[layers]") {
  const SampleImage image({"one"});
  const std::string tar = oci_archive(image, "app:1").tar();
  for (const auto type : {LayerCompression::gzip, LayerCompression::zstd}) {
    StoreFixture f;
    CHECK(import(f, test::compress({.type = type, .level = {}}, tar)).size() == 1);
  }
  for (const auto filter : {test::Filter::bzip2, test::Filter::xz}) {
    const std::string packed = test::filtered(filter, tar);
    StoreFixture f;
    CHECK(import(f, packed).size() == 1);
    check_refused(packed.substr(0, packed.size() / 2), "");
  }
}

TEST_CASE("archive_import: blobs that nothing names stay out of the store", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  import(f, oci_archive(image, "app:1").add_blob("nobody's").add("README", "hello"));
  CHECK(f.blob_count() == 3);
}

TEST_CASE("archive_import: blobs that the store has may be left out", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  f.store->content().put(image.blobs[0]);
  auto archive = oci_archive(image, "app:1");
  archive.remove("blobs/sha256/" + std::string(image.blob_digest(0).hex()));
  CHECK(import(f, archive).size() == 1);
}

TEST_CASE("archive_import: an index keeps its platforms, those not saved may be missing",
          "[layers]") {
  StoreFixture f;
  const SampleImage here({"one"}, "amd64");
  const SampleImage there({"one"}, "arm64");
  const image::Index index{.media_type = std::string(media_type::kOciIndex),
                           .manifests = {there.descriptor(), here.descriptor()}};
  const std::string json = image::to_json(index);
  const auto entry = named(test::describe(media_type::kOciIndex, json), "app:1");
  const auto imported =
      import(f, ArchiveSample().add_blobs_of(here).add_blob(json).add_index({entry}));
  CHECK(imported.at(0).descriptor.digest == entry.digest);
  CHECK(f.store->content().read(entry.digest) == json);
  CHECK(f.has_blob(here.descriptor().digest));
  CHECK_FALSE(f.has_blob(there.descriptor().digest));

  check_refused(ArchiveSample().add_blob(json).add_index({entry}).tar(),
                there.descriptor().digest.str());
}

TEST_CASE("archive_import: a missing manifest, config or layer is named", "[layers]") {
  const SampleImage image({"one"});
  for (const auto& digest :
       {image.descriptor().digest, image.config_digest(), image.blob_digest(0)}) {
    auto archive = oci_archive(image, "app:1");
    archive.remove("blobs/sha256/" + std::string(digest.hex()));
    check_refused(archive.tar(), digest.str());
  }
}

TEST_CASE("archive_import: a flipped bit in any blob is refused", "[layers]") {
  const SampleImage image({"one"});
  for (const auto& blob : {image.manifest, image.config, image.blobs[0]}) {
    std::string tar = oci_archive(image, "app:1").tar();
    const auto at = tar.find(blob);
    REQUIRE(at != std::string::npos);
    tar[at + blob.size() / 2] = static_cast<char>(tar[at + blob.size() / 2] ^ 4);
    check_refused(tar, base::sha256_of(blob).str());
  }
}

TEST_CASE("archive_import: a wrong size in a descriptor is refused", "[layers]") {
  const SampleImage image({"one"});
  auto entry = named(image.descriptor(), "app:1");
  entry.size_bytes += 1;
  check_refused(ArchiveSample().add_blobs_of(image).add_index({entry}).tar(), "size");
}

TEST_CASE("archive_import: a config that names other layers than its manifest is refused",
          "[layers]") {
  const SampleImage image({"one", "two"});
  image::Manifest manifest = image::parse_manifest(image.manifest);
  manifest.layers.pop_back();
  const std::string json = image::to_json(manifest);
  const auto entry = named(test::describe(media_type::kOciManifest, json), "app:1");
  check_refused(ArchiveSample().add_blobs_of(image).add_blob(json).add_index({entry}).tar(),
                "names 2 layers");
}

TEST_CASE("archive_import: sha512 digests are refused by name", "[layers]") {
  const SampleImage image({"one"});
  auto entry = named(image.descriptor(), "app:1");
  entry.digest = base::Digest::parse("sha512:" + std::string(128, 'a'));
  check_refused(ArchiveSample().add_index({entry}).tar(), "only sha256");
}

TEST_CASE("archive_import: indexes that are nested without end are refused", "[layers]") {
  ArchiveSample archive;
  std::string json = image::to_json(image::Index{.media_type = std::string(media_type::kOciIndex)});
  for (int depth = 0; depth < 10; ++depth) {
    archive.add_blob(json);
    json = image::to_json(image::Index{.media_type = std::string(media_type::kOciIndex),
                                       .manifests = {test::describe(media_type::kOciIndex, json)}});
  }
  archive.add_blob(json).add_index({test::describe(media_type::kOciIndex, json)});
  check_refused(archive.tar(), "too deep");
}

TEST_CASE("archive_import: a layout of another version is refused", "[layers]") {
  const SampleImage image({"one"});
  auto archive = oci_archive(image, "app:1");
  archive.remove("oci-layout");
  archive.add("oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
  check_refused(archive.tar(), "imageLayoutVersion");
}

TEST_CASE("archive_import: an image of docker save gets an OCI manifest", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one", "two"});
  const auto imported = import(f, docker_archive(image, {"app:1", "registry.example/app:2"}));
  REQUIRE(imported.size() == 1);
  CHECK(names_of(imported[0]) == Names{"docker.io/library/app:1", "registry.example/app:2"});
  const auto& descriptor = imported[0].descriptor;
  CHECK(descriptor.media_type == media_type::kOciManifest);
  CHECK(descriptor.platform->architecture == "amd64");
  const auto manifest = image::parse_manifest(f.store->content().read(descriptor.digest));
  CHECK(manifest.config == test::describe(media_type::kOciConfig, image.config));
  REQUIRE(manifest.layers.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(manifest.layers[i] == test::describe(media_type::kOciLayer, image.tars[i]));
    CHECK(f.store->content().read(image.diff_id(i)) == image.tars[i]);
  }
  CHECK(f.store->images().find(image::parse_reference("app:1"))->digest == descriptor.digest);
}

TEST_CASE("archive_import: compressed layers of a docker archive stay compressed", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  const auto imported = import(f, ArchiveSample()
                                      .add("config", image.config)
                                      .add("layer", image.blobs[0])
                                      .add("manifest.json", table("config", {"layer"})));
  const auto manifest =
      image::parse_manifest(f.store->content().read(imported.at(0).descriptor.digest));
  CHECK(manifest.layers.at(0) == test::describe(media_type::kOciLayerGzip, image.blobs[0]));
}

TEST_CASE("archive_import: links inside a docker archive are followed inside it", "[layers]") {
  const SampleImage image({"one"});
  const auto archive_with = [&](auto&& add_layer) {
    ArchiveSample archive;
    archive.add("config", image.config).add("real.tar", image.tars[0]);
    add_layer(archive);
    return archive.add("manifest.json", table("config", {"a/layer.tar"}));
  };
  for (const char* target : {"../real.tar", "/real.tar", "../../../real.tar", "./../real.tar"}) {
    StoreFixture f;
    CHECK(import(f, archive_with([&](auto& archive) { archive.link("a/layer.tar", target); }))
              .size() == 1);
  }
  StoreFixture f;
  CHECK(import(f, archive_with([](auto& archive) { archive.hard_link("a/layer.tar", "real.tar"); }))
            .size() == 1);
  check_refused(
      archive_with([](auto& archive) { archive.link("a/layer.tar", "/etc/passwd"); }).tar(),
      "a/layer.tar");
  check_refused(archive_with([](auto& archive) { archive.link("a/layer.tar", "layer.tar"); }).tar(),
                "circles");
}

TEST_CASE("archive_import: what a docker archive lacks or lies about is named", "[layers]") {
  const SampleImage image({"one"});
  const SampleImage other({"two"});
  const auto archive = [&](const std::string& config, const std::string& layer) {
    return ArchiveSample()
        .add("config", image.config)
        .add("layer", image.tars[0])
        .add("manifest.json", table(config, {layer}));
  };
  check_refused(archive("gone.json", "layer").tar(), "gone.json");
  check_refused(archive("config", "gone.tar").tar(), "gone.tar");
  check_refused(archive("config", "../layer/gone").tar(), "layer/gone");
  check_refused(archive("layer", "layer").tar(), "");
  for (const auto& layer :
       {other.tars[0], other.blobs[0], image.blobs[0].substr(0, 50), std::string()}) {
    check_refused(ArchiveSample()
                      .add("config", image.config)
                      .add("layer", layer)
                      .add("manifest.json", table("config", {"layer"}))
                      .tar(),
                  "");
  }
  const std::string wrong_name = std::string(other.config_digest().hex()) + ".json";
  check_refused(ArchiveSample()
                    .add(wrong_name, image.config)
                    .add("layer", image.tars[0])
                    .add("manifest.json", table(wrong_name, {"layer"}))
                    .tar(),
                "is not what it is named");
  check_refused(
      ArchiveSample().add("config", image.config).add("manifest.json", table("config", {})).tar(),
      "names 1 layers");
}

TEST_CASE("archive_import: of a name that comes twice the last one counts", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  CHECK(import(f, ArchiveSample()
                      .add("config", "old")
                      .add("config", image.config)
                      .link("layer", "/nowhere")
                      .add("layer", image.tars[0])
                      .add("manifest.json", table("config", {"layer"})))
            .size() == 1);
}

TEST_CASE("archive_import: what docker save of today writes is taken as the layout it is",
          "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  const auto path = [](const base::Digest& digest) {
    return "blobs/sha256/" + std::string(digest.hex());
  };
  const auto imported = import(f, oci_archive(image, "docker.io/library/app:1")
                                      .add("manifest.json", table(path(image.config_digest()),
                                                                  {path(image.blob_digest(0))})));
  CHECK(imported.at(0).descriptor.digest == image.descriptor().digest);
}

TEST_CASE("archive_import: what is no archive of images is refused", "[layers]") {
  check_refused("", "");
  check_refused("not a tar at all", "");
  check_refused(std::string(1024, '\0'), "empty");
  check_refused(ArchiveSample().add("etc/passwd", "root").tar(), "no image archive");
  check_refused(ArchiveSample().add("repositories", "{}").tar(), "before Docker 1.10");
  check_refused(ArchiveSample().add_index({}).tar(), "names no image");
  check_refused(ArchiveSample().add("index.json", "{").tar(), "");
  check_refused(ArchiveSample().add("manifest.json", "[]").tar(), "names no image");
}

TEST_CASE("archive_import: a truncated archive is refused", "[layers]") {
  const std::string tar = oci_archive(SampleImage({"one"}), "app:1").tar();
  for (const std::size_t size :
       {std::size_t{100}, std::size_t{600}, tar.size() / 2, tar.size() - 2000}) {
    CAPTURE(size);
    check_refused(tar.substr(0, size), "");
  }
}

TEST_CASE("archive_import: hostile entries are refused", "[layers]") {
  check_refused(tar_with_name("../../etc/passwd"), "");
  check_refused(tar_with_name("fifo", AE_IFIFO), "fifo");
  check_refused(tar_with_name("disk", AE_IFBLK), "disk");
}

TEST_CASE("archive_import: an archive of too many entries is refused", "[layers]") {
  const std::string tar = tar_with_name("folder", AE_IFDIR).substr(0, 512);
  std::string many;
  for (int i = 0; i < 65537; ++i) many += tar;
  check_refused(many, "more than 65536 entries");
}

TEST_CASE("archive_import: can be stopped", "[layers]") {
  StoreFixture f;
  std::stop_source stop;
  stop.request_stop();
  const std::string tar = oci_archive(SampleImage({"one"}), "app:1").tar();
  CHECK_THROWS_AS(import(f, tar, stop.get_token()), base::CancelledError);
  CHECK(f.blob_count() == 0);
}

TEST_CASE("archive_import: a text is told from a broken archive", "[layers]") {
  check_refused("FROM scratch\nCOPY . /\n", "a text that begins with \"FROM scratch\"");
  check_refused(std::string(2000, 'x'), "a text that begins with");
  check_refused(std::string(100, '\x01'), "ends within a header");
}

}  // namespace ibuild::layers
