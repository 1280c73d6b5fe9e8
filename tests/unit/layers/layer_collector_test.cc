#include "layers/layer_collector.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::directory;
using test::file;
using test::hardlink;
using test::opaque;
using test::symlink;
using test::whiteout;

LayerIndex collected(const std::vector<test::Sample>& samples) {
  LayerCollector collector;
  for (const test::Sample& sample : samples) collector.add(sample.entry);
  return collector.finish(TarOrigin::foreign);
}

std::string listed(const std::vector<test::Sample>& samples) {
  return test::listing(collected(samples));
}

const LayerEntry& at(const LayerIndex& index, std::string_view path) {
  const LayerEntry* entry = index.find(base::RelPath::exact(path));
  REQUIRE(entry != nullptr);
  return *entry;
}

}  // namespace

TEST_CASE("layer_collector: the last entry for a path counts", "[layers]") {
  const LayerIndex index = collected({file("a", "old"), file("b"), file("a", "newer")});
  CHECK(test::listing(index) == "f a\nf b\n");
  CHECK(at(index, "a").size_bytes == 5);
}

TEST_CASE("layer_collector: a directory told twice keeps its content", "[layers]") {
  const LayerIndex index = collected({directory("d", 0700), file("d/a"), directory("d", 0711)});
  CHECK(test::listing(index) == "d d\nf d/a\n");
  CHECK(at(index, "d").mode == 0711);
}

TEST_CASE("layer_collector: what replaces a directory takes its content away", "[layers]") {
  CHECK(listed({directory("d"), file("d/a"), directory("d/e"), file("d/e/f"), file("d")}) ==
        "f d\n");
  CHECK(listed({file("d/a"), symlink("d", "x")}) == "l d\n");
  CHECK(listed({directory("d"), file("d/a"), file("d"), directory("d"), file("d/b")}) ==
        "d d\nf d/b\n");
  CHECK(listed({file("d-x"), file("d/a"), file("d")}) == "f d\nf d-x\n");
}

TEST_CASE("layer_collector: a path through a link of the layer is the real path", "[layers]") {
  CHECK(listed({symlink("lib", "usr/lib"), file("lib/a"), file("lib/b")}) ==
        "l lib\nf usr/lib/a\nf usr/lib/b\n");
  CHECK(listed({directory("x"), symlink("x/up", "../y"), file("x/up/a")}) ==
        "d x\nl x/up\nf y/a\n");
  CHECK(listed({symlink("abs", "/r/s"), directory("abs/d"), whiteout("abs/gone")}) ==
        "l abs\nd r/s/d\nw r/s/gone\n");
  CHECK(listed({symlink("a", "b"), symlink("b", "c"), file("a/x")}) == "l a\nl b\nf c/x\n");
}

TEST_CASE("layer_collector: links never lead out of the root", "[layers]") {
  CHECK(listed({symlink("l", "../../../etc"), file("l/passwd")}) == "f etc/passwd\nl l\n");
  CHECK(listed({symlink("l", "/"), file("l/x")}) == "l l\nf x\n");
}

TEST_CASE("layer_collector: links count at the moment they stand", "[layers]") {
  CHECK(listed({file("d/a"), symlink("d", "e"), file("d/b")}) == "l d\nf e/b\n");
  CHECK(listed({symlink("d", "e"), file("d/a"), directory("d"), file("d/b")}) ==
        "d d\nf d/b\nf e/a\n");
}

TEST_CASE("layer_collector: below a file there is nothing", "[layers]") {
  CHECK_THROWS_WITH(listed({file("a"), file("a/b")}), Contains("no directory"));
  CHECK_THROWS_WITH(listed({test::fifo("a"), whiteout("a/b")}), Contains("no directory"));
  CHECK_THROWS_WITH(listed({symlink("a", "b"), symlink("b", "a"), file("a/x")}),
                    Contains("too many"));
}

TEST_CASE("layer_collector: a link to a link names the file", "[layers]") {
  const LayerIndex index = collected({file("a", "1"), hardlink("b", "a"), hardlink("c", "b")});
  CHECK(at(index, "b").link_target == "a");
  CHECK(at(index, "c").link_target == "a");
}

TEST_CASE("layer_collector: tells the applier the path a hard link names now", "[layers]") {
  LayerCollector collector;
  collector.add(file("a").entry);
  CHECK(collector.add(hardlink("b", "a").entry).link_target == "a");
  collector.add(symlink("a", "x").entry);
  CHECK(collector.add(hardlink("c", "b").entry).link_target == "b");
  CHECK(collector.add(hardlink("d", "a").entry).type == EntryType::symlink);
}

TEST_CASE("layer_collector: a hard link outlives its replaced file", "[layers]") {
  auto old = file("a", "old!");
  old.entry.tar_offset = 512;
  const LayerIndex index =
      collected({old, hardlink("c", "a"), hardlink("b", "a"), file("a", "something new")});
  CHECK(test::listing(index) == "f a\nf b\nh c\n");
  CHECK(at(index, "b").tar_offset == 512);
  CHECK(at(index, "b").size_bytes == 4);
  CHECK(at(index, "c").link_target == "b");
  CHECK(at(index, "a").size_bytes == 13);
}

TEST_CASE("layer_collector: a short name may inherit the bytes of a long one", "[layers]") {
  const std::string name(60, 'n');
  const LayerIndex index = collected({file(name, "x"), hardlink("b", name), test::fifo(name)});
  CHECK(test::listing(index) == "f b\np " + name + "\n");
}

TEST_CASE("layer_collector: hard links to what is no file", "[layers]") {
  const LayerIndex index =
      collected({symlink("s", "to"), test::device("n", EntryType::char_device, 1, 3),
                 hardlink("s2", "s"), hardlink("n2", "n")});
  CHECK(at(index, "s2").type == EntryType::symlink);
  CHECK(at(index, "s2").link_target == "to");
  CHECK(at(index, "n2").device_minor == 3);
  CHECK_THROWS_WITH(listed({hardlink("b", "a")}), Contains("does not hold"));
  CHECK_THROWS_WITH(listed({directory("a"), hardlink("b", "a")}), Contains("directory"));
  CHECK_THROWS_WITH(listed({file("a"), hardlink("a", "a")}), Contains("itself"));
  CHECK_THROWS_WITH(listed({file("a"), whiteout("w"), hardlink("b", "w")}),
                    Contains("does not hold"));
}

TEST_CASE("layer_collector: a hard link's target may go through a link", "[layers]") {
  const LayerIndex index =
      collected({symlink("lib", "usr"), file("lib/a"), hardlink("b", "lib/a")});
  CHECK(at(index, "b").link_target == "usr/a");
}

TEST_CASE("layer_collector: whiteouts touch lower layers only, in either order", "[layers]") {
  CHECK(listed({whiteout("a"), file("a")}) == "f a\n");
  CHECK(listed({file("a"), whiteout("a")}) == "f a\n");
  CHECK(listed({whiteout("a"), directory("a"), file("a/x")}) == "d a\no a\nf a/x\n");
  CHECK(listed({directory("a"), file("a/x"), whiteout("a")}) == "d a\no a\nf a/x\n");
  CHECK(listed({whiteout("a")}) == "w a\n");
}

TEST_CASE("layer_collector: a deleted directory that is filled again gets an entry", "[layers]") {
  const LayerIndex index = collected({whiteout("a"), file("a/x")});
  CHECK(test::listing(index) == "d a\no a\nf a/x\n");
  CHECK(at(index, "a").mode == 0755);
}

TEST_CASE("layer_collector: whiteouts below a whiteout say nothing more", "[layers]") {
  CHECK(listed({whiteout("a/b"), whiteout("a"), whiteout("a/b/c"), whiteout("ab")}) ==
        "w a\nw ab\n");
}

TEST_CASE("layer_collector: opaque marks", "[layers]") {
  CHECK(listed({opaque("d"), directory("d"), file("d/a")}) == "d d\no d\nf d/a\n");
  CHECK(listed({directory("d"), file("d/a"), opaque("d")}) == "d d\no d\nf d/a\n");
  CHECK(listed({opaque("d")}) == "o d\n");
  CHECK(listed({opaque("d"), file("d")}) == "f d\n");
  CHECK(listed({opaque("d"), whiteout("d")}) == "w d\n");
  CHECK(listed({opaque("d/e"), whiteout("d")}) == "w d\n");
  CHECK(listed({opaque("")}) == "o \n");
  CHECK(listed({symlink("l", "d"), opaque("l")}) == "o d\nl l\n");
}

TEST_CASE("layer_collector: markers below what became a file are dropped", "[layers]") {
  CHECK(listed({whiteout("d/gone"), opaque("d/e"), file("d")}) == "f d\n");
}

TEST_CASE("layer_collector: the root cannot be deleted or be anything but a directory",
          "[layers]") {
  CHECK_THROWS_AS(listed({whiteout("")}), base::ContentError);
  CHECK_THROWS_AS(listed({file("")}), base::ContentError);
  CHECK_THROWS_AS(listed({symlink("", "x")}), base::ContentError);
  CHECK(listed({directory("")}) == "d \n");
}

}  // namespace ibuild::layers
