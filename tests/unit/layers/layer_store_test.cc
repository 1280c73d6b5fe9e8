#include "layers/layer_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/parent_at.h"
#include "layers/boot_mark.h"
#include "layers/tar_writer.h"
#include "tests/support/must_run.h"
#include "tests/unit/layers/layer_samples.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::directory;
using test::FakeProvider;
using test::file;
using test::LayerStoreFixture;

constexpr const char* kGzipType = "application/vnd.oci.image.layer.v1.tar+gzip";

const std::vector<test::Sample> kSamples = {directory("etc"), file("etc/a", "AAA"),
                                            file("etc/b", std::string(200'000, 'b')),
                                            test::symlink("link", "etc/a")};

std::string gzip(const std::string& text) {
  return test::compress({.type = LayerCompression::gzip, .level = {}}, text);
}

Layer remote_samples() {
  const std::string tar = test::tar_of(kSamples);
  return test::remote_layer(tar, gzip(tar), kGzipType);
}

int fetches(const Layer& layer) {
  return static_cast<const FakeProvider&>(*layer.provider).fetches();
}

base::RelPath path(std::string_view text) { return base::RelPath::exact(text); }

std::string content_of(const LayerStore& store, const Layer& layer, std::string_view name) {
  const LayerEntry* entry = store.index(layer)->find(path(name));
  REQUIRE(entry != nullptr);
  const auto bytes = store.open_file(layer, *entry);
  return base::read_all(*bytes, 1 << 24, "file");
}

std::string tar_from(const LayerStore& store, const Layer& layer) {
  base::StringSink out;
  store.write_tar(layer, out);
  return out.take();
}

void overwrite(const LayerStoreFixture& store, const base::RelPath& file, std::string_view text) {
  const auto fd = base::open_at(store.root(), file, O_WRONLY | O_TRUNC);
  base::FdSink(fd.get()).write(base::as_bytes(text));
}

base::RelPath blob_path(const image::Descriptor& blob) {
  return path("blobs/sha256/" + std::string(blob.digest.hex()));
}

/// Changes a bit in the middle.
void damage_blob(const LayerStoreFixture& store, const image::Descriptor& blob) {
  auto bytes = base::read_file_at(store.root(), blob_path(blob), 1 << 24);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  overwrite(store, blob_path(blob), bytes);
}

/// A tree as a RUN leaves it, ready to be adopted.
void make_upper(const base::DirFd& parent) {
  base::make_dirs(parent, path("upper/d"));
  base::write_file_atomically(parent, path("upper/d/f"), "content", 0644);
  const timespec times[2] = {{0, UTIME_OMIT}, {1'600'000'000, 999'999'999}};  // that of samples
  REQUIRE(::utimensat(parent.get(), "upper/d/f", times, 0) == 0);
}

const std::vector<test::Sample> kUpper = {directory("d"), file("d/f", "content")};

Layer adopt(LayerStoreFixture& store) {
  make_upper(store.temp());
  return store.layers().adopt_tree(store.temp(), "upper", test::index_of(kUpper),
                                   base::sha256_of(test::tar_of(kUpper)));
}

/// The folder that holds the layer's unpacked files.
std::string tree_name_of(const LayerStoreFixture& store, const Layer& layer) {
  for (const auto& entry : base::list_dir(store.root(), store.form_path(layer, ""))) {
    const auto path = store.form_path(layer, entry.name);
    if (S_ISDIR(base::lstat_at(store.root(), path).st_mode)) return entry.name;
  }
  return {};
}

/// What stands beside a tree that was found to be whole in this run of the machine.
std::string mark_of(const LayerStoreFixture& store, const Layer& layer) {
  const auto tree = store.form_path(layer, tree_name_of(store, layer));
  return current_boot_id() + std::to_string(base::lstat_at(store.root(), tree).st_ino) + "\n";
}

/// As after the machine went down: the tree was made in another run of it.
void forget_run(const LayerStoreFixture& store, const Layer& layer) {
  overwrite(store, store.form_path(layer, tree_name_of(store, layer) + ".boot"), "another run");
}

}  // namespace

TEST_CASE("layer_store: a remote layer is fetched, indexed and unpacked in one go", "[layers]") {
  if (!test::can_unpack()) return;
  LayerStoreFixture store;
  const Layer layer = remote_samples();
  std::uint64_t done = 0;
  store.layers().materialize(layer, {.index = true, .tree = true, .tar = true}, {},
                             [&](std::uint64_t bytes, std::uint64_t total) {
                               CHECK(total == layer.blob->size_bytes);
                               done = bytes;
                             });
  CHECK(fetches(layer) == 1);
  CHECK(done == layer.blob->size_bytes);
  const Forms forms = store.layers().present(layer);
  CHECK((forms.index && forms.tree && forms.tar && forms.blob));
  CHECK(store.temp_is_empty());
  const base::DirFd tree = store.layers().open_tree(layer);
  CHECK(base::read_file_at(tree, path("etc/a"), 100) == "AAA");
  CHECK(base::read_link_at(tree, path("link")) == "etc/a");
  CHECK(tar_from(store.layers(), layer) == test::tar_of(kSamples));
}

TEST_CASE("layer_store: an index alone makes no tree and no tar", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = remote_samples();
  CHECK(store.layers().index(layer)->size() == 4);
  const Forms forms = store.layers().present(layer);
  CHECK((forms.index && forms.blob && !forms.tree && !forms.tar));
}

TEST_CASE("layer_store: forms are made once and later forms need no second transfer", "[layers]") {
  if (!test::can_unpack()) return;
  LayerStoreFixture store;
  const Layer layer = remote_samples();
  store.layers().materialize(layer, {.blob = true});
  CHECK(store.layers().present(layer).blob);
  CHECK_FALSE(store.layers().present(layer).index);
  (void)store.layers().index(layer);
  (void)store.layers().open_tree(layer);
  (void)store.layers().open_tree(layer);
  store.layers().materialize(layer, {.index = true, .tree = true, .blob = true});
  CHECK(fetches(layer) == 1);
}

TEST_CASE("layer_store: blobs are inflated by what they are, not by their media type", "[layers]") {
  const std::string tar = test::tar_of(kSamples);
  const std::string zstd = test::compress({.type = LayerCompression::zstd, .level = {}}, tar);
  for (const std::string& blob : {tar, zstd, gzip(tar)}) {
    LayerStoreFixture store;
    const Layer layer = test::remote_layer(tar, blob, kGzipType);
    CHECK(content_of(store.layers(), layer, "etc/a") == "AAA");
  }
}

TEST_CASE("layer_store: a blob with another digest or size is refused and leaves nothing",
          "[layers]") {
  if (!test::can_unpack()) return;
  LayerStoreFixture store;
  auto check_refused = [&](const Layer& layer, const std::string& why) {
    CHECK_THROWS_WITH(store.layers().materialize(layer, {.index = true, .tree = true}),
                      Contains(why));
    const Forms forms = store.layers().present(layer);
    CHECK_FALSE((forms.index || forms.tree || forms.tar || forms.blob));
    CHECK(store.temp_is_empty());
  };
  Layer wrong_digest = remote_samples();
  wrong_digest.blob->digest = base::sha256_of("another");
  check_refused(wrong_digest, "not those of the blob");
  Layer too_long = remote_samples();
  too_long.blob->size_bytes -= 1;
  check_refused(too_long, "larger than its descriptor says");
  Layer too_short = remote_samples();
  too_short.blob->size_bytes += 1;
  check_refused(too_short, "size of blob");
  Layer other_tar = remote_samples();
  other_tar.diff_id = base::sha256_of("another tar");
  check_refused(other_tar, "not those of its diff-id");
}

TEST_CASE("layer_store: a truncated or damaged blob is refused", "[layers]") {
  LayerStoreFixture store;
  const std::string tar = test::tar_of(kSamples);
  const std::string blob = gzip(tar);
  std::string flipped = blob;
  flipped[blob.size() / 2] = static_cast<char>(flipped[blob.size() / 2] ^ 1);
  for (const std::string& bad : {blob.substr(0, blob.size() / 2), flipped, std::string("junk")}) {
    CHECK_THROWS_AS(
        store.layers().materialize(test::remote_layer(tar, bad, kGzipType), {.index = true}),
        base::ContentError);
  }
  CHECK(store.temp_is_empty());
}

TEST_CASE("layer_store: a blob that was damaged in the store is fetched again", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = remote_samples();
  store.layers().materialize(layer, {.blob = true});
  damage_blob(store, *layer.blob);
  CHECK(store.layers().index(layer)->size() == 4);
  CHECK(fetches(layer) == 2);
  CHECK(tar_from(store.layers(), layer) == test::tar_of(kSamples));
}

TEST_CASE("layer_store: a damaged blob that nobody gives again is named, and removed", "[layers]") {
  LayerStoreFixture store;
  Layer layer = remote_samples();
  store.layers().materialize(layer, {.blob = true});
  layer.provider.reset();
  const auto message = Contains("blob " + layer.blob->digest.str() + " in the store is damaged");
  SECTION("one byte of it") {
    damage_blob(store, *layer.blob);
    CHECK_THROWS_WITH(store.layers().materialize(layer, {.index = true}), message);
    CHECK_FALSE(store.content().has(layer.blob->digest));
  }
  SECTION("all of it, written out") {
    overwrite(store, blob_path(*layer.blob), std::string(layer.blob->size_bytes, '\0'));
    CHECK_THROWS_WITH(tar_from(store.layers(), layer), message);
    CHECK_FALSE(store.content().has(layer.blob->digest));
  }
  SECTION("cut") {
    overwrite(store, blob_path(*layer.blob), "cut");
    CHECK_THROWS_WITH(store.layers().materialize(layer, {.index = true}), message);
  }
}

TEST_CASE("layer_store: a blob that is whole stays, whatever layer it was given as", "[layers]") {
  LayerStoreFixture store;
  Layer layer = remote_samples();
  store.layers().materialize(layer, {.blob = true});
  layer.diff_id = base::sha256_of("another tar");
  CHECK_THROWS_WITH(store.layers().materialize(layer, {.index = true}),
                    Contains("not those of its diff-id"));
  CHECK(store.content().has(layer.blob->digest));
}

TEST_CASE("layer_store: a tree without its index does not hold the layer", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = adopt(store);
  CHECK(store.layers().present(layer).tree);
  SECTION("missing") { base::remove_tree(store.root(), store.form_path(layer, "index")); }
  SECTION("damaged, after the machine went down") {
    overwrite(store, store.form_path(layer, "index"), "no index");
    forget_run(store, layer);
  }
  CHECK_FALSE(store.open_again()->present(layer).tree);
}

TEST_CASE("layer_store: a layer that climbs out of the root is refused", "[layers]") {
  if (!test::can_unpack()) return;
  LayerStoreFixture store;
  std::string tar = test::tar_of({file("xx/xx/etc/passwd")});
  tar.replace(0, 5, "../..");
  // The header's sum: two 'x' became '.', twice.
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(tar[i]);
  }
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  tar.replace(148, 7, text, 7);
  const Layer layer = test::remote_layer(tar, gzip(tar), kGzipType);
  CHECK_THROWS_WITH(store.layers().materialize(layer, {.tree = true}), Contains("leads out"));
}

TEST_CASE("layer_store: a provider may ask for the digest of what it has sent", "[layers]") {
  class Asking : public FakeProvider {
   public:
    using FakeProvider::FakeProvider;
    void fetch(const image::Descriptor& blob, base::DigestSink& out,
               std::stop_token stop) override {
      FakeProvider::fetch(blob, out, std::move(stop));
      is_right = out.digest() == blob.digest;
    }
    bool is_right = false;
  };
  const std::string blob = gzip(test::tar_of(kSamples));
  LayerStoreFixture store;
  Layer layer = remote_samples();
  auto provider = std::make_shared<Asking>(blob);
  layer.provider = provider;
  CHECK(content_of(store.layers(), layer, "etc/a") == "AAA");
  CHECK(provider->is_right);
  CHECK(store.layers().present(layer).blob);

  LayerStoreFixture other;
  layer.provider = provider = std::make_shared<Asking>(std::string(blob.size(), 'x'));
  CHECK_THROWS_AS(other.layers().materialize(layer, {.blob = true}), base::ContentError);
  CHECK_FALSE(provider->is_right);
  CHECK_FALSE(other.layers().present(layer).blob);
  CHECK(other.temp_is_empty());
}

TEST_CASE("layer_store: what the provider throws comes through", "[layers]") {
  class Dying : public BlobProvider {
   public:
    void fetch(const image::Descriptor&, base::DigestSink& out, std::stop_token) override {
      out.write(base::as_bytes("\x1f\x8b"));
      throw base::Error("the registry is gone");
    }
  };
  LayerStoreFixture store;
  Layer layer = remote_samples();
  layer.provider = std::make_shared<Dying>();
  CHECK_THROWS_WITH(store.layers().index(layer), Contains("the registry is gone"));
  CHECK_THROWS_WITH(store.layers().materialize(layer, {.blob = true}),
                    Contains("the registry is gone"));
  CHECK(store.temp_is_empty());
}

TEST_CASE("layer_store: a stop ends a transfer that hangs", "[layers]") {
  class Hanging : public BlobProvider {
   public:
    void fetch(const image::Descriptor&, base::DigestSink&, std::stop_token stop) override {
      std::mutex mutex;
      std::condition_variable_any stopped;
      std::unique_lock lock(mutex);
      started = true;
      stopped.wait(lock, stop, [] { return false; });
      throw base::CancelledError();
    }
    std::atomic<bool> started = false;
  };
  LayerStoreFixture store;
  Layer layer = remote_samples();
  const auto provider = std::make_shared<Hanging>();
  layer.provider = provider;
  std::stop_source stop;
  std::jthread stopper([&] {
    while (!provider->started) std::this_thread::yield();
    stop.request_stop();
  });
  CHECK_THROWS_AS(store.layers().index(layer, stop.get_token()), base::CancelledError);
}

TEST_CASE("layer_store: a layer in no form and without a provider is an error that says so",
          "[layers]") {
  LayerStoreFixture store;
  Layer layer;
  layer.diff_id = base::sha256_of("nothing");
  CHECK_THROWS_WITH(store.layers().index(layer), Contains("not in the store any more"));
  CHECK_THROWS_WITH(tar_from(store.layers(), layer), Contains("not in the store any more"));
  CHECK_THROWS_WITH(store.layers().open_tree(layer), Contains("not in the store any more"));
}

TEST_CASE("layer_store: a tree is made from the tar of a COPY", "[layers]") {
  if (!test::can_unpack()) return;
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  const base::DirFd tree = store.layers().open_tree(layer);
  CHECK(base::read_file_at(tree, path("etc/b"), 1 << 20) == std::string(200'000, 'b'));
  CHECK(store.layers().index(layer)->origin() == TarOrigin::own);
}

TEST_CASE("layer_store: an adopted tree gives its tar again, byte for byte", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = adopt(store);
  CHECK(store.temp_is_empty());
  const Forms forms = store.layers().present(layer);
  CHECK((forms.index && forms.tree && !forms.tar));
  CHECK(tar_from(store.layers(), layer) == test::tar_of(kUpper));
  CHECK(content_of(store.layers(), layer, "d/f") == "content");
  store.layers().materialize(layer, {.tar = true});
  CHECK(store.layers().present(layer).tar);
}

TEST_CASE("layer_store: adopting a layer that stands already removes the second tree", "[layers]") {
  LayerStoreFixture store;
  const Layer first = adopt(store);
  const Layer second = adopt(store);
  CHECK(first.diff_id == second.diff_id);
  CHECK(store.temp_is_empty());
}

TEST_CASE("layer_store: a tree that was changed is dropped, never exported", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = adopt(store);
  overwrite(store, store.form_path(layer, tree_name_of(store, layer) + "/d/f"), "CONTENT");
  CHECK_THROWS_WITH(tar_from(store.layers(), layer), Contains("changed"));
  CHECK_FALSE(store.layers().present(layer).tree);
  CHECK(store.temp_is_empty());
}

TEST_CASE("layer_store: a file of another size in the tree is refused", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = adopt(store);
  overwrite(store, store.form_path(layer, tree_name_of(store, layer) + "/d/f"), "short");
  CHECK_THROWS_AS(content_of(store.layers(), layer, "d/f"), base::ContentError);
}

TEST_CASE("layer_store: a whole tree outlives the machine's run", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = adopt(store);
  forget_run(store, layer);
  CHECK(store.open_again()->present(layer).tree);
  CHECK(base::read_file_at(store.root(),
                           store.form_path(layer, tree_name_of(store, layer) + ".boot"),
                           100) == mark_of(store, layer));
}

TEST_CASE("layer_store: another directory in place of a tree is compared with the index",
          "[layers]") {
  LayerStoreFixture store;
  const Layer layer = adopt(store);
  const auto tree = store.form_path(layer, tree_name_of(store, layer));
  make_upper(store.temp());  // before the other one goes, whose inode it might get
  base::remove_tree(store.root(), tree);
  REQUIRE(::renameat(store.temp().get(), "upper", store.root().get(), tree.str().c_str()) == 0);
  SECTION("the same files are the same tree") {
    CHECK(store.open_again()->present(layer).tree);
    CHECK(base::read_file_at(store.root(), base::RelPath::exact(tree.str() + ".boot"), 100) ==
          mark_of(store, layer));
  }
  SECTION("files of another time are another layer's") {
    overwrite(store, tree.join("d/f"), "CONTENT");
    CHECK_FALSE(store.open_again()->present(layer).tree);
  }
}

TEST_CASE("layer_store: what stands in place of the mark of the machine's run is replaced",
          "[layers]") {
  LayerStoreFixture store;
  const Layer layer = adopt(store);
  const auto mark = store.form_path(layer, tree_name_of(store, layer) + ".boot");
  const std::map<std::string, std::function<int()>> makers = {
      {"directory", [&] { return ::mkdirat(store.root().get(), mark.str().c_str(), 0700); }},
      {"FIFO", [&] { return ::mkfifoat(store.root().get(), mark.str().c_str(), 0600); }},
      {"link", [&] { return ::symlinkat("index", store.root().get(), mark.str().c_str()); }},
  };
  for (const auto& [kind, make] : makers) {
    CAPTURE(kind);
    base::remove_tree(store.root(), mark);
    REQUIRE(make() == 0);
    CHECK(store.open_again()->present(layer).tree);
    CHECK(base::read_file_at(store.root(), mark, 100) == mark_of(store, layer));
  }
}

TEST_CASE("layer_store: a tree that lost bytes when the machine went down is made anew",
          "[layers]") {
  if (!test::can_unpack()) return;
  LayerStoreFixture store;
  const Layer layer = remote_samples();
  store.layers().materialize(layer, {.index = true, .tree = true});
  overwrite(store, store.form_path(layer, tree_name_of(store, layer) + "/etc/b"), "");
  CHECK(store.open_again()->present(layer).tree);  // in the same run nobody looks
  forget_run(store, layer);
  const auto again = store.open_again();
  CHECK_FALSE(again->present(layer).tree);
  const auto tree = again->open_tree(layer);
  CHECK(base::read_file_at(tree, path("etc/b"), 1 << 20) == std::string(200'000, 'b'));
  CHECK(store.temp_is_empty());
}

TEST_CASE("layer_store: a damaged tar is found while it is written out, and dropped", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  std::string tar = test::tar_of(kSamples);
  tar[tar.size() - 2000] ^= 1;
  overwrite(store, store.form_path(layer, "tar"), tar);
  CHECK_THROWS_WITH(tar_from(store.layers(), layer), Contains("damaged"));
  CHECK_FALSE(store.layers().present(layer).tar);
}

TEST_CASE("layer_store: a damaged index is made again", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  overwrite(store, store.form_path(layer, "index"), "no index");
  CHECK(store.layers().index(layer)->size() == 4);
  overwrite(store, store.form_path(layer, "index"), "");
  CHECK_FALSE(store.layers().present(layer).index);
  CHECK(store.open_again()->index(layer)->size() == 4);
}

TEST_CASE("layer_store: the index is kept in memory", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.build(kSamples);
  CHECK(store.layers().index(layer) == store.layers().index(layer));
}

TEST_CASE("layer_store: a file's digest comes from the index or from its bytes", "[layers]") {
  LayerStoreFixture store;
  const Layer own = store.build(kSamples);
  const Layer remote = remote_samples();
  LayerStoreFixture other;
  const LayerEntry* entry = store.layers().index(own)->find(path("etc/a"));
  const auto index = other.layers().index(remote);
  CHECK(store.layers().file_digest(own, *entry) == base::sha256_of("AAA"));
  CHECK(other.layers().file_digest(remote, *index->find(path("etc/a"))) == base::sha256_of("AAA"));
}

TEST_CASE("layer_store: many threads and two stores make one form once", "[layers]") {
  if (!test::can_unpack()) return;
  LayerStoreFixture store;
  const auto second = store.open_again();
  const Layer layer = remote_samples();
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        const LayerStore& mine = i % 2 == 0 ? store.layers() : *second;
        if (mine.open_tree(layer).valid() && mine.index(layer)->size() == 4) ++good;
      });
    }
  }
  CHECK(good == 4);
  CHECK(fetches(layer) == 1);
  CHECK(store.temp_is_empty());
}

}  // namespace ibuild::layers
