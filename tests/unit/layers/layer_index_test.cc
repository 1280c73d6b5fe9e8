#include "layers/layer_index.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::directory;
using test::file;
using test::index_of;

std::string serialized(const LayerIndex& index) {
  base::StringSink out;
  index.serialize(out);
  return out.take();
}

base::RelPath path(std::string_view text) { return base::RelPath::exact(text); }

std::vector<test::Sample> rich_samples() {
  auto capable = file("bin/ping", "ELF", 04755);
  capable.entry.xattrs = {{"security.capability", std::string("\1\0\0\2", 4)}};
  capable.entry.content = base::sha256_of("ELF");
  capable.entry.tar_offset = 1536;
  auto odd = file("odd-\xff-name");
  odd.entry.uid = 4294967294;
  odd.entry.gid = 7;
  odd.entry.mtime = base::TimePoint(std::chrono::nanoseconds(-1));
  return {directory("bin"),
          capable,
          directory("etc"),
          test::opaque("etc"),
          test::hardlink("etc/ping", "bin/ping"),
          test::device("null", EntryType::char_device, 1, 3),
          odd,
          test::symlink("sh", "bin/bash"),
          test::whiteout("tmp/gone")};
}

bool same(const LayerEntry& a, const LayerEntry& b) {
  return a.path == b.path && a.type == b.type && a.mode == b.mode && a.uid == b.uid &&
         a.gid == b.gid && a.size_bytes == b.size_bytes && a.mtime == b.mtime &&
         a.link_target == b.link_target && a.device_major == b.device_major &&
         a.device_minor == b.device_minor && a.xattrs == b.xattrs && a.tar_offset == b.tar_offset &&
         a.content == b.content;
}

}  // namespace

TEST_CASE("layer_index: sorts into walk order and finds", "[layers]") {
  const LayerIndex index = index_of({file("b"), file("a-b"), file("a/x"), directory("a")});
  CHECK(test::listing(index) == "d a\nf a/x\nf a-b\nf b\n");
  REQUIRE(index.find(path("a/x")) != nullptr);
  CHECK(index.find(path("a/x"))->path == path("a/x"));
  CHECK(index.find(path("a/y")) == nullptr);
  CHECK(index.find(path("")) == nullptr);
  CHECK(LayerIndex().find(path("a")) == nullptr);
}

TEST_CASE("layer_index: refuses two entries for one path", "[layers]") {
  CHECK_THROWS_WITH(index_of({file("a"), directory("a")}), Contains("/a"));
  CHECK_THROWS_AS(index_of({file("a"), file("a")}), base::ContentError);
  CHECK_THROWS_AS(index_of({test::whiteout("a"), test::opaque("a")}), base::ContentError);
  CHECK_NOTHROW(index_of({directory("a"), test::opaque("a")}));
}

TEST_CASE("layer_index: an opaque mark stands beside its directory", "[layers]") {
  const LayerIndex index = index_of({directory("a"), test::opaque("a"), file("a/x")});
  CHECK(index.is_opaque(path("a")));
  CHECK_FALSE(index.is_opaque(path("a/x")));
  CHECK(index.find(path("a"))->type == EntryType::directory);
  CHECK(index_of({test::opaque("b")}).find(path("b")) == nullptr);
}

TEST_CASE("layer_index: below is everything strictly below", "[layers]") {
  const LayerIndex index = index_of(
      {directory("a"), file("a/x"), directory("a/y"), file("a/y/z"), file("a-b"), file("b")});
  CHECK(index.below(path("a")).size() == 3);
  CHECK(index.below(path("a")).front().path == path("a/x"));
  CHECK(index.below(path("a/y")).size() == 1);
  CHECK(index.below(path("b")).empty());
  CHECK(index.below(path("")).size() == 6);
}

TEST_CASE("layer_index: within finds the range of a path in large directories", "[layers]") {
  std::vector<test::Sample> samples;
  for (int i = 0; i < 300; ++i) samples.push_back(file("d/" + std::to_string(i)));
  samples.push_back(file("a"));
  samples.push_back(file("e"));
  const LayerIndex index = index_of(samples);
  const auto range = index.within("d", index.all());
  CHECK(range.begin == 1);
  CHECK(range.end == 301);
  CHECK(index.within("c", index.all()).empty());
  CHECK(index.within("", index.all()).end == 302);
  const auto inner = index.within("d/150", range);
  CHECK(inner.end - inner.begin == 1);
  CHECK(index.path_at(inner.begin) == "d/150");
}

TEST_CASE("layer_index: tells parent directories without an entry", "[layers]") {
  const LayerIndex index = index_of({directory("a"), directory("a/b"), file("a/b/c/d/e"),
                                     file("a/b/c/f"), file("a/x"), test::whiteout("z/gone")});
  CHECK(index.has_implicit_directories());
  const auto implicit = implicit_directories(index);
  REQUIRE(implicit.size() == 3);
  CHECK(implicit[0] == path("a/b/c"));
  CHECK(implicit[1] == path("a/b/c/d"));
  CHECK(implicit[2] == path("z"));
  CHECK_FALSE(index_of({directory("a"), file("a/b"), file("c")}).has_implicit_directories());
}

TEST_CASE("layer_index: the on-disk form keeps everything", "[layers]") {
  const LayerIndex index(test::entries_of(rich_samples()), TarOrigin::own);
  const LayerIndex copy = LayerIndex::deserialize(serialized(index));
  CHECK(copy.origin() == TarOrigin::own);
  CHECK(copy.has_implicit_directories());
  REQUIRE(copy.size() == index.size());
  for (std::size_t i = 0; i < index.size(); ++i) {
    CAPTURE(index.at(i).path.str());
    CHECK(same(copy.at(i), index.at(i)));
    CHECK(copy.path_at(i) == index.path_at(i));
    CHECK(copy.type_at(i) == index.type_at(i));
  }
  CHECK(&copy.entries()[2] == &copy.at(2));
  CHECK(serialized(copy) == serialized(index));
  CHECK(LayerIndex::deserialize(serialized(LayerIndex())).empty());
}

TEST_CASE("layer_index: the origin is that of the last word", "[layers]") {
  const LayerIndex index = index_of({file("a")});
  CHECK(index.origin() == TarOrigin::foreign);
  CHECK(LayerIndex::deserialize(serialized(index.with_origin(TarOrigin::own))).origin() ==
        TarOrigin::own);
}

TEST_CASE("layer_index: entries of a loaded index may be asked for by many threads", "[layers]") {
  std::vector<test::Sample> samples;
  for (int i = 0; i < 2000; ++i) samples.push_back(file("d/" + std::to_string(i)));
  const LayerIndex index = LayerIndex::deserialize(serialized(index_of(samples)));
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const auto name = path("d/" + std::to_string(i));
        const LayerEntry* entry = index.find(name);
        if (entry == nullptr || entry->path != name) ++wrong;
      }
    });
  }
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE("layer_index: reads a file whole, that of an older version too", "[layers]") {
  const auto scratch = test::make_scratch_dir();
  const auto layer = base::sha256_of("layer");
  base::StringSink written;
  index_of({file("a")}).write(layer, written);
  for (const auto& text : {written.text(), serialized(index_of({file("a")}))}) {
    base::write_file_atomically(scratch.dir(), path("index"), text);
    const auto fd = base::open_at(scratch.dir(), path("index"), O_RDONLY);
    CHECK(LayerIndex::read(fd.get(), layer, "index").find(path("a")) != nullptr);
  }
  CHECK_THROWS_AS(LayerIndex::read(scratch.dir().get(), layer, "dir"), base::ContentError);
}

TEST_CASE("layer_index: a file of another layer, and one damaged anywhere, is refused",
          "[layers]") {
  const auto scratch = test::make_scratch_dir();
  base::StringSink written;
  index_of({file("a")}).write(base::sha256_of("layer"), written);
  const auto read = [&](std::string_view layer, const std::string& text) {
    base::write_file_atomically(scratch.dir(), path("index"), text);
    const auto fd = base::open_at(scratch.dir(), path("index"), O_RDONLY);
    return LayerIndex::read(fd.get(), base::sha256_of(layer), "index").size();
  };
  CHECK(read("layer", written.text()) == 1);
  CHECK_THROWS_WITH(read("other", written.text()), Contains("index is the index of another layer"));
  for (std::size_t i = 0; i < written.text().size(); ++i) {
    auto bad = written.text();
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    CAPTURE(i);
    CHECK_THROWS_AS(read("layer", bad), base::ContentError);
  }
}

TEST_CASE("layer_index: a damaged file is refused wherever the damage is", "[layers]") {
  const std::string good = serialized(index_of(rich_samples()));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    CAPTURE(i);
    CHECK_THROWS_AS(LayerIndex::deserialize(bad), base::ContentError);
  }
  for (std::size_t size = 0; size < good.size(); size += 7) {
    CHECK_THROWS_AS(LayerIndex::deserialize(good.substr(0, size)), base::ContentError);
  }
  CHECK_THROWS_AS(LayerIndex::deserialize(good + "x"), base::ContentError);
}

}  // namespace ibuild::layers
