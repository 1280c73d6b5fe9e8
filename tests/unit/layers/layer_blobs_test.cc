#include <fcntl.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "layers/layer_store.h"
#include "tests/unit/layers/layer_samples.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::layers {

namespace {

using test::FakeProvider;
using test::file;
using test::LayerStoreFixture;

const std::vector<test::Sample> kSamples = {file("a", std::string(100'000, 'a'))};
constexpr CompressionOptions kGzip{.type = LayerCompression::gzip, .level = {}};
constexpr CompressionOptions kZstd{.type = LayerCompression::zstd, .level = {}};
constexpr CompressionOptions kNone{.type = LayerCompression::none, .level = {}};

std::string blob_bytes(const LayerStoreFixture& store, const image::Descriptor& blob) {
  const auto fd = store.content().open(blob.digest);
  base::FdSource source(fd.get());
  return base::read_all(source, 1 << 24, "blob");
}

Layer build_with_blob(const LayerStoreFixture& store, const CompressionOptions& options) {
  const auto builder = store.layers().begin_layer(BlobRequest{.compression = options});
  for (const auto& sample : kSamples) {
    base::StringSource data(sample.content);
    builder->add(sample.entry, &data);
  }
  return builder->commit();
}

std::string tar_of_layer(const LayerStoreFixture& store, const Layer& layer) {
  base::StringSink tar;
  store.layers().write_tar(layer, tar);
  return tar.take();
}

/// Reads along while a blob is written.
class ReadingWatcher : public BlobWatcher {
 public:
  void grown(int fd, std::uint64_t size_bytes) override {
    base::FdRangeSource source(fd, seen.size(), size_bytes - seen.size());
    seen += base::read_all(source, size_bytes, "blob");
  }
  void complete(const image::Descriptor& blob) override { whole = blob; }
  std::string seen;
  std::optional<image::Descriptor> whole;
};

Layer remote_samples() {
  const std::string tar = test::tar_of(kSamples);
  return test::remote_layer(tar, test::compress(kGzip, tar),
                            std::string(image::media_type::kDockerLayerGzip));
}

}  // namespace

TEST_CASE("layer_blobs: a blob is the compressed tar, described", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  for (const auto& options : {kGzip, kZstd, kNone}) {
    const image::Descriptor blob = store.layers().ensure_blob(layer, options);
    CHECK(blob.media_type == image::media_type::oci_layer_type(options.type));
    const std::string bytes = blob_bytes(store, blob);
    CHECK(bytes.size() == blob.size_bytes);
    CHECK(base::sha256_of(bytes) == blob.digest);
    CHECK(test::decompress(options.type, bytes) == test::tar_of(kSamples));
  }
  CHECK(store.temp_is_empty());
}

TEST_CASE("layer_blobs: a blob is made once for one way of compression", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  CHECK_FALSE(store.layers().known_blob(layer, kGzip));
  const image::Descriptor blob = store.layers().ensure_blob(layer, kGzip);
  CHECK(store.layers().known_blob(layer, kGzip) == blob);
  CHECK(store.layers().known_blob(layer, {.type = LayerCompression::gzip, .level = 5}) == blob);
  CHECK_FALSE(store.layers().known_blob(layer, {.type = LayerCompression::gzip, .level = 1}));
  CHECK_FALSE(store.layers().known_blob(layer, kZstd));
  CHECK(store.open_again()->known_blob(layer, kGzip) == blob);
}

TEST_CASE("layer_blobs: a blob made beside its layer is the one that would be made afterwards",
          "[layers]") {
  LayerStoreFixture later;
  const Layer layer = later.build(kSamples);
  for (const auto& options : {kGzip, kZstd, kNone}) {
    LayerStoreFixture store;
    CHECK(build_with_blob(store, options).diff_id == layer.diff_id);
    const auto blob = store.layers().known_blob(layer, options);
    REQUIRE(blob);
    CHECK(*blob == later.layers().ensure_blob(layer, options));
    CHECK(blob_bytes(store, *blob).size() == blob->size_bytes);
    CHECK(store.temp_is_empty());
  }
}

TEST_CASE("layer_blobs: a layer made with its blob needs no tar: the blob gives every form",
          "[layers]") {
  for (const auto& options : {kGzip, kZstd, kNone}) {
    LayerStoreFixture store;
    const Layer layer = build_with_blob(store, options);
    CHECK_FALSE(store.has_form(layer, "tar"));
    CHECK(store.layers().present(layer).blob);
    CHECK(store.layers().known_blob(layer, options));

    const auto again = store.open_again();
    base::StringSink tar;
    again->write_tar(layer, tar);
    CHECK(tar.take() == test::tar_of(kSamples));
    const auto index = again->index(layer);
    const auto bytes = again->open_file(layer, *index->find(base::RelPath::exact("a")));
    CHECK(base::read_all(*bytes, 1 << 20, "a") == kSamples.front().content);
    const auto other = options.type == LayerCompression::zstd ? kGzip : kZstd;
    const auto blob = again->ensure_blob(layer, other, true);
    CHECK(test::decompress(other.type, blob_bytes(store, blob)) == test::tar_of(kSamples));
    CHECK(store.temp_is_empty());
  }
}

TEST_CASE("layer_blobs: a layer whose only bytes are damaged is gone afterwards", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = build_with_blob(store, kNone);
  const auto blob = store.layers().known_blob(layer, kNone);
  REQUIRE(blob);
  const auto file = base::RelPath::exact("blobs/sha256/" + std::string(blob->digest.hex()));
  auto bytes = blob_bytes(store, *blob);
  bytes[bytes.size() / 2] ^= 1;
  SECTION("written out") {
    base::write_file_atomically(store.root(), file, bytes);
    base::StringSink tar;
    CHECK_THROWS_AS(store.layers().write_tar(layer, tar), base::ContentError);
  }
  SECTION("made into another form") {
    base::write_file_atomically(store.root(), file, bytes);
    CHECK_THROWS_AS(store.layers().materialize(layer, {.tar = true}), base::ContentError);
  }
  SECTION("removed") { store.content().remove(blob->digest); }
  const auto forms = store.open_again()->present(layer);
  CHECK_FALSE((forms.tar || forms.tree || forms.blob));
  CHECK(store.temp_is_empty());
}

TEST_CASE("layer_blobs: a layer that is given up leaves no blob", "[layers]") {
  LayerStoreFixture store;
  {
    const auto builder = store.layers().begin_layer(BlobRequest{.compression = kGzip});
    const std::string large = test::sample_bytes(3'000'000);
    base::StringSource data(large);
    builder->add(file("large", large).entry, &data);
  }
  CHECK(store.temp_is_empty());
  CHECK(base::list_dir(store.root(), base::RelPath::exact("blobs/sha256")).empty());
}

TEST_CASE("layer_blobs: who watches a blob being made can read all of it", "[layers]") {
  LayerStoreFixture store;
  const auto watcher = std::make_shared<ReadingWatcher>();
  const auto builder =
      store.layers().begin_layer(BlobRequest{.compression = kGzip, .watcher = watcher});
  const std::string large = test::sample_bytes(3'000'000);
  base::StringSource data(large);
  builder->add(file("large", large).entry, &data);
  CHECK_FALSE(watcher->whole);
  const Layer layer = builder->commit();
  REQUIRE(watcher->whole);
  CHECK(watcher->whole == store.layers().known_blob(layer, kGzip));
  CHECK(base::sha256_of(watcher->seen) == watcher->whole->digest);
}

TEST_CASE("layer_blobs: a remembered blob that is gone is made again", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  const image::Descriptor blob = store.layers().ensure_blob(layer, kGzip);
  store.content().remove(blob.digest);
  CHECK_FALSE(store.layers().known_blob(layer, kGzip));
  CHECK(store.layers().ensure_blob(layer, kGzip) == blob);
  CHECK(store.content().has(blob.digest));
}

TEST_CASE("layer_blobs: a damaged record is no record", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  const image::Descriptor blob = store.layers().ensure_blob(layer, kGzip);
  const auto record = store.form_path(layer, "blob-gzip-5");
  auto text = base::read_file_at(store.root(), record, 1 << 10);
  SECTION("cut") { text = "{\"size\":-1"; }
  SECTION("of another type") { text.replace(text.find("+gzip"), 5, "+zstd"); }
  SECTION("of no type") { text.replace(text.find("+gzip"), 5, "+gziq"); }
  base::write_file_atomically(store.root(), record, text);
  CHECK_FALSE(store.layers().known_blob(layer, kGzip));
  CHECK_FALSE(store.has_form(layer, "blob-gzip-5"));
  CHECK(store.layers().ensure_blob(layer, kGzip) == blob);
}

TEST_CASE("layer_blobs: a record of an older version, without a sum, is read", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = build_with_blob(store, kGzip);
  const auto blob = store.layers().known_blob(layer, kGzip);
  REQUIRE(blob);
  base::write_file_atomically(store.root(), store.form_path(layer, "blob-gzip-5"),
                              image::to_json(*blob));
  CHECK(store.layers().known_blob(layer, kGzip) == blob);
  CHECK(tar_of_layer(store, layer) == test::tar_of(kSamples));
}

TEST_CASE("layer_blobs: a layer's own blob stands for every way, unless forced", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = remote_samples();
  CHECK(store.layers().known_blob(layer, kZstd) == layer.blob);
  CHECK(store.layers().known_blob(layer, kGzip, true) == layer.blob);
  CHECK_FALSE(store.layers().known_blob(layer, kZstd, true));
  CHECK(store.layers().ensure_blob(layer, kZstd) == layer.blob);
  CHECK(store.content().has(layer.blob->digest));
  const image::Descriptor forced = store.layers().ensure_blob(layer, kZstd, true);
  CHECK(test::decompress(LayerCompression::zstd, blob_bytes(store, forced)) ==
        test::tar_of(kSamples));
  CHECK(static_cast<const FakeProvider&>(*layer.provider).fetches() == 1);
}

TEST_CASE("layer_blobs: an own blob that nobody has any more is made from another form",
          "[layers]") {
  LayerStoreFixture store;
  Layer layer = store.build(kSamples);
  layer.blob = remote_samples().blob;
  layer.blob->digest = base::sha256_of("elsewhere");
  CHECK_FALSE(store.layers().known_blob(layer, kGzip));
  const image::Descriptor blob = store.layers().ensure_blob(layer, kGzip);
  CHECK(test::decompress(LayerCompression::gzip, blob_bytes(store, blob)) ==
        test::tar_of(kSamples));
}

TEST_CASE("layer_blobs: materialize makes blobs of both kinds", "[layers]") {
  LayerStoreFixture store;
  const Layer own = store.build(kSamples);
  store.layers().materialize(own, {.blob = true});
  CHECK(store.layers().known_blob(own, kGzip));
  const Layer remote = remote_samples();
  store.layers().materialize(remote, {.index = true, .blob = true});
  CHECK(store.content().has(remote.blob->digest));
}

}  // namespace ibuild::layers
