#include "layers/tree_view.h"

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
using test::shared_index_of;
using test::symlink;
using test::whiteout;

base::RelPath path(std::string_view text) { return base::RelPath::exact(text); }

/// Everything, as "path@layer" a line; implicit directories as "path@-".
std::string walked(const TreeView& view, std::string_view from = "") {
  std::string text;
  view.walk(path(from), [&](const TreeView::Node& node) {
    text +=
        node.path.str() + "@" + (node.entry == nullptr ? "-" : std::to_string(node.layer)) + "\n";
  });
  return text;
}

std::string resolved(const TreeView& view, std::string_view from, bool follow_last = true) {
  const auto node = view.resolve(path(from), follow_last);
  return node ? "/" + node->path.str() : "none";
}

}  // namespace

TEST_CASE("tree_view: the uppermost layer that has a path counts", "[layers]") {
  const TreeView view({shared_index_of({directory("etc"), file("etc/a"), file("etc/b")}),
                       shared_index_of({directory("etc", 0700), file("etc/b")})});
  CHECK(walked(view) == "etc@1\netc/a@0\netc/b@1\n");
  CHECK(view.lookup(path("etc"))->entry->mode == 0700);
  CHECK(view.lookup(path("etc/a"))->layer == 0);
  CHECK_FALSE(view.lookup(path("etc/c")));
  CHECK_FALSE(view.lookup(path("etc/a/x")));
}

TEST_CASE("tree_view: an empty chain is a bare root", "[layers]") {
  const TreeView view({});
  REQUIRE(view.lookup(path("")));
  CHECK(view.lookup(path(""))->entry == nullptr);
  CHECK(view.lookup(path(""))->is_directory());
  CHECK_FALSE(view.lookup(path("etc")));
  CHECK(walked(view).empty());
  CHECK(view.resolve_destination(path("a/b")) == path("a/b"));
}

TEST_CASE("tree_view: the root's own entry is found", "[layers]") {
  const TreeView view({shared_index_of({directory("", 0711), file("a")})});
  CHECK(view.lookup(path(""))->entry->mode == 0711);
  CHECK(walked(view) == "a@0\n");
}

TEST_CASE("tree_view: whiteouts hide a path and all below it", "[layers]") {
  const TreeView view(
      {shared_index_of({directory("d"), directory("d/e"), file("d/e/f"), file("g")}),
       shared_index_of({directory("d"), whiteout("d/e"), whiteout("g")})});
  CHECK(walked(view) == "d@1\n");
  CHECK_FALSE(view.lookup(path("d/e/f")));
  CHECK_FALSE(view.lookup(path("g")));
}

TEST_CASE("tree_view: what was deleted may come back", "[layers]") {
  const TreeView view({shared_index_of({directory("d"), file("d/old")}),
                       shared_index_of({whiteout("d")}),
                       shared_index_of({directory("d"), file("d/new")})});
  CHECK(walked(view) == "d@2\nd/new@2\n");
}

TEST_CASE("tree_view: an opaque directory hides what lower layers have in it", "[layers]") {
  const TreeView view(
      {shared_index_of({directory("d"), file("d/old"), directory("d/sub"), file("d/sub/x")}),
       shared_index_of({directory("d"), opaque("d"), file("d/new"), directory("d/sub")})});
  CHECK(walked(view) == "d@1\nd/new@1\nd/sub@1\n");
  CHECK_FALSE(view.lookup(path("d/old")));
  CHECK_FALSE(view.lookup(path("d/sub/x")));
}

TEST_CASE("tree_view: an opaque mark alone leaves the lower directory's owner and mode",
          "[layers]") {
  const TreeView view(
      {shared_index_of({directory("d", 01777), file("d/old")}), shared_index_of({opaque("d")})});
  REQUIRE(view.lookup(path("d")));
  CHECK(view.lookup(path("d"))->entry->mode == 01777);
  CHECK(walked(view) == "d@0\n");
}

TEST_CASE("tree_view: an opaque root hides everything lower", "[layers]") {
  const TreeView view({shared_index_of({file("a")}), shared_index_of({opaque(""), file("b")})});
  CHECK(walked(view) == "b@1\n");
}

TEST_CASE("tree_view: a file or link in an upper layer hides the directory below it", "[layers]") {
  const auto lower =
      shared_index_of({directory("lib"), file("lib/a"), directory("bin"), file("bin/b")});
  const TreeView view({lower, shared_index_of({symlink("lib", "usr/lib"), file("bin")})});
  CHECK(walked(view) == "bin@1\nlib@1\n");
  CHECK_FALSE(view.lookup(path("lib/a")));
}

TEST_CASE("tree_view: a directory in an upper layer hides a lower file", "[layers]") {
  const auto lower = shared_index_of({file("x"), symlink("y", "x")});
  const TreeView view({lower, shared_index_of({directory("x"), file("x/in"), file("y/in")})});
  CHECK(walked(view) == "x@1\nx/in@1\ny@-\ny/in@1\n");
}

TEST_CASE("tree_view: a parent without entry takes the lower layer's", "[layers]") {
  const TreeView view({shared_index_of({directory("tmp", 01777), file("tmp/a")}),
                       shared_index_of({file("tmp/b"), file("new/c")})});
  CHECK(walked(view) == "new@-\nnew/c@1\ntmp@0\ntmp/a@0\ntmp/b@1\n");
  CHECK(view.lookup(path("tmp"))->entry->mode == 01777);
  CHECK(view.lookup(path("new"))->is_directory());
}

TEST_CASE("tree_view: a whiteout cuts a parent off from lower layers", "[layers]") {
  const TreeView view({shared_index_of({directory("d", 0700)}), shared_index_of({whiteout("d")}),
                       shared_index_of({file("d/x")})});
  CHECK(walked(view) == "d@-\nd/x@2\n");
}

TEST_CASE("tree_view: a hard link is its file", "[layers]") {
  const TreeView view({shared_index_of({file("a", "12345"), hardlink("b", "a")}),
                       shared_index_of({file("a", "x")})});
  const auto node = view.lookup(path("b"));
  REQUIRE(node);
  CHECK(node->path == path("b"));
  CHECK(node->entry->path == path("a"));
  CHECK(node->entry->size_bytes == 5);
  CHECK(node->layer == 0);
}

TEST_CASE("tree_view: a hard link to nothing is an error, not a crash", "[layers]") {
  const TreeView view({shared_index_of({hardlink("b", "a")})});
  CHECK_THROWS_AS(view.lookup(path("b")), base::ContentError);
}

TEST_CASE("tree_view: resolve follows links inside the root", "[layers]") {
  const TreeView view({shared_index_of(
      {directory("usr"), directory("usr/lib"), file("usr/lib/x"), symlink("lib", "usr/lib"),
       symlink("abs", "/usr/lib/x"), symlink("up", "../../../usr"), symlink("usr/back", ".."),
       symlink("chain", "lib/../lib/./x"), symlink("dangling", "nowhere")})});
  CHECK(resolved(view, "lib/x") == "/usr/lib/x");
  CHECK(resolved(view, "abs") == "/usr/lib/x");
  CHECK(resolved(view, "abs", false) == "/abs");
  CHECK(resolved(view, "lib", false) == "/lib");
  CHECK(resolved(view, "up/lib/x", false) == "/usr/lib/x");
  CHECK(resolved(view, "usr/back/lib") == "/usr/lib");
  CHECK(resolved(view, "chain") == "/usr/lib/x");
  CHECK(resolved(view, "dangling") == "none");
  CHECK(resolved(view, "dangling", false) == "/dangling");
  CHECK(resolved(view, "usr/lib/x/y") == "none");
  CHECK(resolved(view, "") == "/");
  CHECK(resolved(view, "usr/back") == "/");
}

TEST_CASE("tree_view: resolve goes through links of several layers", "[layers]") {
  const TreeView view({shared_index_of({symlink("a", "b")}), shared_index_of({symlink("b", "c")}),
                       shared_index_of({file("c")})});
  CHECK(resolved(view, "a") == "/c");
}

TEST_CASE("tree_view: endless links are an error", "[layers]") {
  const TreeView view(
      {shared_index_of({symlink("a", "b"), symlink("b", "a"), symlink("c", "c/c")})});
  CHECK_THROWS_WITH(view.resolve(path("a"), true), Contains("symbolic links"));
  CHECK_THROWS_WITH(view.resolve(path("c/x"), false), Contains("symbolic links"));
  CHECK_THROWS_WITH(view.resolve_destination(path("a/x")), Contains("symbolic links"));
  CHECK(resolved(view, "a", false) == "/a");
}

TEST_CASE("tree_view: a destination follows links as far as there is something", "[layers]") {
  const TreeView view({shared_index_of({directory("srv"), symlink("app", "srv/app"),
                                        symlink("www", "/var/www"), symlink("up", "..")})});
  CHECK(view.resolve_destination(path("app/x")) == path("srv/app/x"));
  CHECK(view.resolve_destination(path("www/html/a")) == path("var/www/html/a"));
  CHECK(view.resolve_destination(path("new/www")) == path("new/www"));
  CHECK(view.resolve_destination(path("up/srv")) == path("srv"));
  CHECK(view.resolve_destination(path("app")) == path("srv/app"));
  CHECK(view.resolve_destination(path("")) == path(""));
}

TEST_CASE("tree_view: children are merged and sorted by name bytes", "[layers]") {
  const TreeView view(
      {shared_index_of({directory("d"), file("d/b"), file("d/a-")}),
       shared_index_of({file("d/a"), directory("d/c"), file("d/c/x"), file("d/\xff")})});
  std::string names;
  for (const auto& node : view.children(path("d"))) names += std::string(node.path.name()) + " ";
  CHECK(names == "a a- b c \xff ");
  CHECK(view.children(path("d/b")).empty());
  CHECK(view.children(path("nowhere")).empty());
  CHECK(walked(view, "d/c") == "d/c/x@1\n");
}

TEST_CASE("tree_view: a directory walks down without looking up whole paths", "[layers]") {
  const TreeView view({shared_index_of({directory("a"), directory("a/b"), file("a/b/c")}),
                       shared_index_of({whiteout("a/b/c"), file("a/b/d")})});
  const auto a = view.root().subdirectory("a");
  REQUIRE(a);
  const auto b = a->subdirectory("b");
  REQUIRE(b);
  CHECK(b->node().path == path("a/b"));
  CHECK_FALSE(b->child("c"));
  CHECK(b->child("d")->layer == 1);
  CHECK_FALSE(b->subdirectory("d"));
  CHECK_FALSE(view.root().subdirectory("x"));
}

TEST_CASE("tree_view: works the same on indexes read from disk", "[layers]") {
  auto reread = [](const std::vector<test::Sample>& samples) {
    base::StringSink out;
    test::index_of(samples).serialize(out);
    return std::make_shared<const LayerIndex>(LayerIndex::deserialize(out.text()));
  };
  const TreeView view({reread({directory("d"), file("d/a"), file("d/b")}),
                       reread({directory("d"), whiteout("d/a"), symlink("l", "d/b")})});
  CHECK(walked(view) == "d@1\nd/b@0\nl@1\n");
  CHECK(resolved(view, "l") == "/d/b");
}

}  // namespace ibuild::layers
