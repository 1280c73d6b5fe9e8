// Files of the store that were cut or changed behind its back, through whole builds: the image is
// right, at the latest that of the next build.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "layers/layer_folder.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

base::RelPath blob_path(const base::Digest& blob) {
  return base::RelPath::exact("blobs/sha256/" + std::string(blob.hex()));
}

/// A build whose only layer was compressed while it was made, so that its blob is all there is.
struct LayerInABlob : BuildFixture {
  builder::BuildResult first;
  layers::Layer layer;
  base::RelPath record = base::RelPath::exact("none");
  image::Descriptor blob;

  LayerInABlob() {
    write("a", std::string(5000, 'a'));
    // What has changed during a build counts as made by it, for a moment.
    const timespec old[2] = {{1'600'000'000, 0}, {1'600'000'000, 0}};
    REQUIRE(::utimensat(context().get(), "a", old, 0) == 0);
    clock = base::Clock();
    first = build(kDockerfile);
    layer.diff_id = config(first).diff_ids.at(0);
    const auto folder = layers::layer_folder(layer.diff_id);
    record = base::RelPath::exact("layers/" + folder + "/blob-gzip-5");
    const auto forms = store->layers().present(layer);
    REQUIRE((forms.blob && !forms.tar && !forms.tree));
    blob = layers::LayerFolder(store->layers_dir(), layer.diff_id, {}).blob_records().at(0);
    events.clear();
  }
  void cut(const base::RelPath& file) const {
    const auto text = base::read_file_at(store->root(), file, 1 << 20);
    base::write_file_atomically(store->root(), file, text.substr(0, text.size() / 2));
  }
  void remove(const base::RelPath& file) const { base::remove_tree(store->root(), file); }

  /// Makes no directory, whose time would be that of the build.
  static constexpr const char* kDockerfile = "FROM scratch\nCOPY a /a\n";
};

}  // namespace

TEST_CASE("damaged_store: a step whose layer is lost runs again", "[builder]") {
  LayerInABlob f;
  SECTION("blob cut") { f.cut(blob_path(f.blob.digest)); }
  SECTION("blob removed") { f.remove(blob_path(f.blob.digest)); }
  SECTION("record cut") { f.cut(f.record); }
  SECTION("record removed") { f.remove(f.record); }
  const auto again = f.build(f.kDockerfile);
  CHECK(again.image.digest == f.first.image.digest);
  CHECK(f.content(*f.tree(again), "a") == std::string(5000, 'a'));
  CHECK(f.events.warnings().empty());
  f.events.clear();
  f.build(f.kDockerfile);
  CHECK(f.events.cached_count() == 1);
}

TEST_CASE("damaged_store: a lost layer that a later stage copies from is made again", "[builder]") {
  LayerInABlob f;
  f.cut(blob_path(f.blob.digest));
  const auto result = f.build(
      "FROM scratch AS one\nCOPY a /a\nFROM scratch\n"
      "COPY --from=one /a /b\n");
  CHECK(f.content(*f.tree(result), "b") == std::string(5000, 'a'));
}

TEST_CASE("damaged_store: a record that was changed gives no other image", "[builder]") {
  LayerInABlob f;
  auto text = base::read_file_at(f.store->root(), f.record, 1 << 10);
  SECTION("the type") { text.replace(text.find("+gzip"), 5, "+zstd"); }
  SECTION("no type at all") { text.replace(text.find("+gzip"), 5, "+gziq"); }
  SECTION("the size") { text.replace(text.find("\"size\":"), 8, "\"sixe\":"); }
  base::write_file_atomically(f.store->root(), f.record, text);
  CHECK(f.build(f.kDockerfile).image.digest == f.first.image.digest);
}

TEST_CASE("damaged_store: a blob with another byte does not leave the store, and is made again",
          "[builder]") {
  LayerInABlob f;
  auto bytes = base::read_file_at(f.store->root(), blob_path(f.blob.digest), 1 << 20);
  SECTION("one byte") { bytes[bytes.size() / 2] ^= 1; }
  SECTION("zeros") { bytes.assign(bytes.size(), '\0'); }
  base::write_file_atomically(f.store->root(), blob_path(f.blob.digest), bytes);
  const auto dir = f.store->temp().shown_as() + "/out";
  f.request.outputs = {{"oci", {{"dest", dir}, {"tar", "false"}}}};
  CHECK_THROWS_WITH(f.build(f.kDockerfile),
                    Catch::Contains("blob " + f.blob.digest.str() +
                                    " in the store is damaged; it has been removed"));
  CHECK(f.build(f.kDockerfile).image.digest == f.first.image.digest);
  f.request.outputs = {{"tar", {{"dest", dir + ".tar"}}}};
  CHECK_NOTHROW(f.build(f.kDockerfile));
}
