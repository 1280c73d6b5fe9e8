#include "layers/layer_builder.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::directory;
using test::file;
using test::hardlink;
using test::LayerStoreFixture;
using test::symlink;

const std::vector<test::Sample> kSamples = {directory("app"), file("app/main.py", "print()\n"),
                                            hardlink("app/other", "app/main.py"),
                                            symlink("run", "app/main.py")};

}  // namespace

TEST_CASE("layer_builder: the diff-id is that of TarWriter's bytes", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  CHECK(layer.diff_id == base::sha256_of(test::tar_of(kSamples)));
  CHECK_FALSE(layer.blob);
  base::StringSink out;
  store.layers().write_tar(layer, out);
  CHECK(out.text() == test::tar_of(kSamples));
}

TEST_CASE("layer_builder: leaves tar and index, and nothing else", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  const Forms forms = store.layers().present(layer);
  CHECK(forms.index);
  CHECK(forms.tar);
  CHECK_FALSE(forms.tree);
  CHECK_FALSE(forms.blob);
  CHECK(store.temp_is_empty());
  CHECK(store.layers().index(layer)->origin() == TarOrigin::own);
}

TEST_CASE("layer_builder: files get their digests and places, large and small ones", "[layers]") {
  LayerStoreFixture store;
  const std::string large(3'000'000, 'L');
  const Layer layer = store.build({file("large", large), file("small", "small")});
  const auto index = store.layers().index(layer);
  for (const LayerEntry& entry : index->entries()) {
    const std::string content = entry.path.str() == "large" ? large : "small";
    CHECK(entry.content == base::sha256_of(content));
    const auto bytes = store.layers().open_file(layer, entry);
    CHECK(base::read_all(*bytes, 1 << 24, "file") == content);
  }
}

TEST_CASE("layer_builder: a digest that the entry brings is taken over", "[layers]") {
  LayerStoreFixture store;
  auto sample = file("a", "a");
  sample.entry.content = base::sha256_of("told");
  const Layer layer = store.build({sample});
  CHECK(store.layers().index(layer)->entries().front().content == base::sha256_of("told"));
}

TEST_CASE("layer_builder: what is not committed leaves nothing", "[layers]") {
  LayerStoreFixture store;
  store.layers().begin_layer()->add(directory("d").entry, nullptr);
  CHECK(store.temp_is_empty());
  CHECK(base::list_dir(store.root(), base::RelPath::exact("layers")).empty());
}

TEST_CASE("layer_builder: entries out of order are refused", "[layers]") {
  LayerStoreFixture store;
  const auto builder = store.layers().begin_layer();
  builder->add(directory("b").entry, nullptr);
  CHECK_THROWS_WITH(builder->add(directory("a").entry, nullptr), Contains("out of order"));
  CHECK_THROWS_AS(builder->add(directory("b").entry, nullptr), base::ContentError);
}

TEST_CASE("layer_builder: a path stands once", "[layers]") {
  LayerStoreFixture store;
  const auto builder = store.layers().begin_layer();
  builder->add(directory("e").entry, nullptr);
  CHECK_THROWS_WITH(builder->add(symlink("e", "to").entry, nullptr), Contains("twice"));
}

TEST_CASE("layer_builder: its index is the one of the same entries", "[layers]") {
  LayerStoreFixture store;
  const Layer layer =
      store.build({directory("d"), file("d/a", "a"), hardlink("d/b", "d/a"), file("e/f", "f")});
  const auto index = store.layers().index(layer);
  const auto entries = index->entries();
  base::StringSink read;
  index->serialize(read);
  base::StringSink whole;
  LayerIndex({entries.begin(), entries.end()}, TarOrigin::own).serialize(whole);
  CHECK(read.take() == whole.take());
  CHECK(index->has_implicit_directories());
  CHECK(index->origin() == TarOrigin::own);
}

TEST_CASE("layer_builder: a hard link must follow its file", "[layers]") {
  LayerStoreFixture store;
  CHECK_THROWS_WITH(store.build({hardlink("a", "b"), file("b")}), Contains("hard link"));
  CHECK_THROWS_WITH(store.build({hardlink("a", "nowhere")}), Contains("hard link"));
}

TEST_CASE("layer_builder: the same layer again is the same layer", "[layers]") {
  LayerStoreFixture store;
  const Layer first = store.build(kSamples);
  const Layer second = store.build(kSamples);
  CHECK(first.diff_id == second.diff_id);
  CHECK(base::list_dir(store.root(), base::RelPath::exact("layers")).size() == 1);
  CHECK(store.temp_is_empty());
}

TEST_CASE("layer_builder: an empty layer is the two zero blocks", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build({});
  CHECK(layer.diff_id == base::sha256_of(std::string(1024, '\0')));
  CHECK(store.layers().index(layer)->empty());
}

}  // namespace ibuild::layers
