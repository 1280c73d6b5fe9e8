#include "layers/garbage.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "image/media_types.h"
#include "layers/images_in_use.h"
#include "layers/layer_folder.h"
#include "tests/unit/layers/image_samples.h"

namespace ibuild::layers {

namespace {

using base::RelPath;
using test::SampleImage;
using test::StoreFixture;

image::Reference name(const char* text) { return image::parse_reference(text); }

void put(StoreFixture& f, const SampleImage& image, const char* reference) {
  image.put_into(*f.store);
  f.store->images().tag(name(reference), image.descriptor());
}

/// Takes the name away and removes what only that image needed.
Removal remove(StoreFixture& f, const SampleImage& image, const char* reference) {
  f.store->images().untag(name(reference));
  return remove_unreferenced(*f.store, {image.descriptor()});
}

void make_form(const StoreFixture& f, const base::Digest& diff_id) {
  const auto folder = RelPath::exact(layer_folder(diff_id));
  base::make_dirs(f.store->layers_dir(), folder.join("tree-root/etc"));
  base::write_file_atomically(f.store->layers_dir(), folder.join("tar"), "x");
}
bool has_forms(const StoreFixture& f, const base::Digest& diff_id) {
  return base::try_lstat_at(f.store->layers_dir(), RelPath::exact(layer_folder(diff_id)))
      .has_value();
}

}  // namespace

TEST_CASE("garbage: the blobs of an image that nobody names are removed", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one", "two"});
  put(f, image, "app:1");
  const auto removal = remove(f, image, "app:1");
  CHECK_FALSE(removal.postponed);
  CHECK(removal.blobs.size() == 4);
  CHECK(f.blob_count() == 0);
}

TEST_CASE("garbage: what another image shares stays", "[layers]") {
  StoreFixture f;
  const SampleImage image({"base", "one"});
  const SampleImage other({"base", "two"});
  put(f, image, "app:1");
  put(f, other, "app:2");
  make_form(f, image.diff_id(0));
  make_form(f, image.diff_id(1));
  const auto removal = remove(f, image, "app:1");
  CHECK(removal.diff_ids == std::vector{image.diff_id(1)});
  CHECK(f.has_blob(other.blob_digest(0)));
  CHECK(f.has_blob(other.blob_digest(1)));
  CHECK(f.has_blob(other.descriptor().digest));
  CHECK_FALSE(f.has_blob(image.blob_digest(1)));
  CHECK(has_forms(f, image.diff_id(0)));
  CHECK_FALSE(has_forms(f, image.diff_id(1)));
}

TEST_CASE("garbage: an image that still has a name stays whole", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  put(f, image, "app:1");
  put(f, image, "app:2");
  make_form(f, image.diff_id(0));
  const auto removal = remove(f, image, "app:1");
  CHECK(removal.blobs.empty());
  CHECK(removal.diff_ids.empty());
  CHECK(f.blob_count() == 3);
}

TEST_CASE("garbage: untagged images keep what they need", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  image.put_into(*f.store);
  f.store->images().add_untagged(image.descriptor());
  CHECK(remove_unreferenced(*f.store, {image.descriptor()}).blobs.empty());
  f.store->images().remove(image.descriptor().digest);
  CHECK(remove_unreferenced(*f.store, {image.descriptor()}).blobs.size() == 3);
}

TEST_CASE("garbage: blobs that belong to no image are not touched", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  put(f, image, "app:1");
  const auto stray = f.store->content().put("a blob of a cached step");
  remove(f, image, "app:1");
  CHECK(f.has_blob(stray));
}

TEST_CASE("garbage: while somebody uses the store the image is kept for later", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  put(f, image, "app:1");
  {
    const auto use = f.store->hold_against_gc();
    const auto removal = remove(f, image, "app:1");
    CHECK(removal.postponed);
    CHECK(removal.blobs.empty());
  }
  CHECK(f.blob_count() == 3);
  REQUIRE(f.store->images().list().size() == 1);
  CHECK(f.store->images().list()[0].name.empty());
  f.store->images().remove(image.descriptor().digest);
  CHECK(remove_unreferenced(*f.store, {image.descriptor()}).blobs.size() == 3);
}

TEST_CASE("garbage: an image that a program stands on is kept for later, others are removed",
          "[layers]") {
  StoreFixture f;
  const SampleImage image({"base", "one"});
  const SampleImage other({"base", "two"});
  put(f, image, "app:1");
  put(f, other, "app:2");
  {
    const auto program = Store::open(f.scratch.host_path() + "/store", f.pool);
    note_in_use(*program, image.descriptor());
    CHECK(remove(f, image, "app:1").postponed);
    const auto removal = remove(f, other, "app:2");
    CHECK_FALSE(removal.postponed);
    CHECK(removal.blobs.size() == 3);
    // Its entry in index.json makes no difference.
    f.store->images().remove(image.descriptor().digest);
    CHECK(needs_of_images(*f.store).diff_ids.contains(image.diff_id(0)));
  }
  CHECK(needs_of_images(*f.store).diff_ids.empty());
  CHECK(remove_unreferenced(*f.store, {image.descriptor()}).blobs.size() == 4);
}

TEST_CASE("garbage: an image that a program stands on may go on under another name", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  put(f, image, "app:1");
  put(f, image, "app:2");
  note_in_use(*f.store, image.descriptor());
  CHECK_FALSE(remove(f, image, "app:1").postponed);
  CHECK(f.store->images().list().size() == 1);
}

TEST_CASE("garbage: all platforms of an index go, absent ones are no matter", "[layers]") {
  StoreFixture f;
  const SampleImage here({"one"}, "amd64");
  const SampleImage also_here({"two"}, "arm64");
  const SampleImage absent({"three"}, "s390x");
  here.put_into(*f.store);
  also_here.put_into(*f.store);
  const std::string json = image::to_json(
      image::Index{.media_type = std::string(image::media_type::kOciIndex),
                   .manifests = {absent.descriptor(), here.descriptor(), also_here.descriptor()}});
  f.store->content().put(json);
  const auto index = test::describe(image::media_type::kOciIndex, json);
  f.store->images().tag(name("app:1"), index);
  put(f, here, "other:1");
  f.store->images().untag(name("app:1"));
  const auto removal = remove_unreferenced(*f.store, {index});
  CHECK(removal.blobs.size() == 4);  // the index and the three blobs of arm64
  CHECK(f.has_blob(here.blob_digest(0)));
  CHECK_FALSE(f.has_blob(also_here.blob_digest(0)));
}

TEST_CASE("garbage: an image that is damaged itself can be removed", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  put(f, image, "app:1");
  f.store->content().remove(image.config_digest());
  CHECK(remove(f, image, "app:1").blobs.size() == 2);
  f.store->images().tag(name("app:2"), image.descriptor());
  CHECK(remove(f, image, "app:2").blobs.empty());
}

TEST_CASE("garbage: nothing is removed when an image that stays cannot be read", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  const SampleImage other({"two"});
  put(f, image, "app:1");
  put(f, other, "other:1");
  f.store->images().untag(name("app:1"));
  for (const auto& lost : {other.config_digest(), other.descriptor().digest}) {
    f.store->content().remove(lost);
    try {
      remove_unreferenced(*f.store, {image.descriptor()});
      FAIL("removed");
    } catch (const base::Error& error) {
      CHECK_THAT(error.what(), Catch::Contains("docker.io/library/other:1"));
      CHECK_THAT(error.hint(), Catch::Contains("rmi"));
    }
    CHECK(f.has_blob(image.blob_digest(0)));
  }
}

TEST_CASE("garbage: a manifest that calls another image's manifest its layer frees nothing of it",
          "[layers]") {
  StoreFixture f;
  const SampleImage victim({"one"});
  const SampleImage shared({"one"}, "arm64");
  image::Manifest hostile = image::parse_manifest(victim.manifest);
  hostile.layers = {test::describe(image::media_type::kOciLayer, victim.manifest)};
  const std::string json = image::to_json(hostile);
  f.store->content().put(json);
  f.store->images().tag(name("aaa:first"), test::describe(image::media_type::kOciManifest, json));
  put(f, victim, "victim:1");
  put(f, shared, "shared:1");
  remove(f, shared, "shared:1");
  CHECK(f.has_blob(victim.blob_digest(0)));
}

TEST_CASE("garbage: blobs made of a removed layer for export go with it", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  put(f, image, "app:1");
  make_form(f, image.diff_id(0));
  const auto pushed = f.store->content().put("the same layer as zstd");
  LayerFolder(f.store->layers_dir(), image.diff_id(0), "tree")
      .put_blob_record("zstd-3",
                       test::describe(image::media_type::kOciLayerZstd, "the same layer as zstd"));
  remove(f, image, "app:1");
  CHECK_FALSE(f.has_blob(pushed));
}

TEST_CASE("garbage: the lock files of removed layers go, others stay", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  put(f, image, "app:1");
  const auto lock = [&](const std::string& file) {
    base::write_file_atomically(f.store->locks(), RelPath::exact(file), "");
  };
  const auto has = [&](const std::string& file) {
    return base::try_lstat_at(f.store->locks(), RelPath::exact(file)).has_value();
  };
  const std::string mine = "layer-" + layer_folder(image.diff_id(0));
  const std::string others = "layer-" + std::string(64, 'a');
  lock(mine);
  lock(others);
  remove(f, image, "app:1");
  CHECK_FALSE(has(mine));
  CHECK(has(others));
  CHECK(has("index.lock"));
}

TEST_CASE("garbage: leaves nothing in tmp", "[layers]") {
  StoreFixture f;
  const SampleImage image({"one"});
  put(f, image, "app:1");
  make_form(f, image.diff_id(0));
  remove(f, image, "app:1");
  CHECK(base::list_dir(f.store->temp()).empty());
}

}  // namespace ibuild::layers
