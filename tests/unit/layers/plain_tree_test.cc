// make_plain_backend of layers/working_tree.h, measured by what the overlay backend gives.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

#include "base/error.h"
#include "layers/tree_snapshot.h"
#include "layers/working_tree.h"
#include "tests/support/must_run.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using test::directory;
using test::file;
using test::LayerStoreFixture;
using test::symlink;
using Step = std::function<void(const base::DirFd&)>;

base::RelPath path(std::string_view text) { return base::RelPath::exact(text); }

void write(const base::DirFd& root, std::string_view name, std::string_view content) {
  const auto fd = base::open_at(root, path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  base::FdSink(fd.get()).write(base::as_bytes(content));
}

/// Steps on one chain, all later than any latest time, so that runs agree.
class Steps {
 public:
  explicit Steps(const std::vector<std::vector<test::Sample>>& layers) {
    for (const auto& samples : layers) chain_.push_back(store_.build(test::sorted(samples)));
  }
  /// The new layer as a listing and its diff-id, seen from an overlay and from a plain directory.
  std::string run(SnapshotBackend& backend, const Step& step) {
    const auto tree = backend.open(chain_);
    tree->set_latest_time(base::TimePoint(std::chrono::seconds(1'000'000'000)));
    step(tree->root());
    const auto layer = tree->commit({});
    if (!layer) return "nothing";
    chain_.push_back(*layer);
    return test::listing(*store_.layers().index(*layer)) + layer->diff_id.str();
  }
  std::unique_ptr<SnapshotBackend> plain() {
    return make_plain_backend(store_.layers(), store_.temp());
  }
  std::unique_ptr<SnapshotBackend> overlay() {
    return make_overlay_backend(store_.layers(), store_.temp(), overlay_xattrs_of_this_process());
  }
  LayerStoreFixture& store() { return store_; }
  LayerChain& chain() { return chain_; }

 private:
  LayerStoreFixture store_;
  LayerChain chain_;
};

const std::vector<std::vector<test::Sample>> kBase = {
    {directory("d"), file("d/a", "1"), file("d/b", "2"), directory("d/s"), file("d/s/x", "x"),
     directory("empty"), file("l1", "linked"), test::hardlink("l2", "l1"), symlink("link", "d/a"),
     directory("tmp", 01777), file("top", "t")},
    {directory("d"), file("d/a", "newer"), test::whiteout("top")}};

const std::vector<std::pair<const char*, Step>> kSteps = {
    {"nothing", [](const base::DirFd&) {}},
    {"write", [](const base::DirFd& root) { write(root, "d/a", "changed"); }},
    {"same size", [](const base::DirFd& root) { write(root, "d/b", "3"); }},
    {"create", [](const base::DirFd& root) { write(root, "d/s/new", "n"); }},
    {"mode", [](const base::DirFd& root) { ::fchmodat(root.get(), "d/a", 0600, 0); }},
    {"time", [](const base::DirFd& root) { ::utimensat(root.get(), "d/b", nullptr, 0); }},
    {"directory mode", [](const base::DirFd& root) { ::fchmodat(root.get(), "empty", 0700, 0); }},
    {"deleted", [](const base::DirFd& root) { base::remove_tree(root, path("d/s")); }},
    {"deleted and made again",
     [](const base::DirFd& root) {
       base::remove_tree(root, path("d"));
       base::make_dirs(root, path("d/s"));
       write(root, "d/new", "n");
     }},
    {"directory to link",
     [](const base::DirFd& root) {
       base::remove_tree(root, path("d"));
       ::symlinkat("tmp", root.get(), "d");
     }},
    {"one name of a linked file", [](const base::DirFd& root) { write(root, "l2", "changed"); }},
    {"new hard link",
     [](const base::DirFd& root) { ::linkat(root.get(), "d/b", root.get(), "d/c", 0); }},
    {"another name for a linked file",
     [](const base::DirFd& root) { ::linkat(root.get(), "l1", root.get(), "l3", 0); }},
    {"renamed", [](const base::DirFd& root) { ::renameat(root.get(), "l1", root.get(), "m"); }},
    {"came and went",
     [](const base::DirFd& root) {
       write(root, "tmp/x", "x");
       base::remove_tree(root, path("tmp/x"));
     }},
    {"fifo", [](const base::DirFd& root) { ::mkfifoat(root.get(), "tmp/fifo", 0600); }},
    {"root mode", [](const base::DirFd& root) { ::fchmodat(root.get(), ".", 0711, 0); }},
};

}  // namespace

TEST_CASE("plain_tree: shows the chain without a mount", "[layers]") {
  if (!test::can_unpack()) return;
  Steps steps(kBase);
  const auto backend = steps.plain();
  const auto tree = backend->open(steps.chain());
  CHECK_FALSE(tree->is_detached_mount());
  CHECK(base::read_file_at(tree->root(), path("d/a"), 100) == "newer");
  CHECK(base::read_file_at(tree->root(), path("l2"), 100) == "linked");
  CHECK(base::read_link_at(tree->root(), path("link")) == "d/a");
  CHECK_FALSE(base::try_lstat_at(tree->root(), path("top")));
  CHECK((base::lstat_at(tree->root(), path("tmp")).st_mode & 07777) == 01777);
  CHECK(base::lstat_at(tree->root(), {}).st_nlink >= 2);
}

TEST_CASE("plain_tree: a step makes the layer that it makes on an overlay", "[layers]") {
  if (!test::can_unpack()) return;
  for (const auto& [name, step] : kSteps) {
    DYNAMIC_SECTION(name) {
      Steps on_plain(kBase);
      const std::string plain = on_plain.run(*on_plain.plain(), step);
      Steps on_overlay(kBase);
      CHECK(plain == on_overlay.run(*on_overlay.overlay(), step));
      CHECK((plain == "nothing") ==
            (name == std::string("nothing") || name == std::string("came and went")));
    }
  }
}

TEST_CASE("plain_tree: steps one after the other agree with an overlay, whoever's tree they get",
          "[layers]") {
  if (!test::can_unpack()) return;
  Steps kept(kBase);
  Steps fresh(kBase);
  Steps on_overlay(kBase);
  const auto plain = kept.plain();
  const auto overlay = on_overlay.overlay();
  for (const auto& [name, step] : kSteps) {
    INFO(name);
    const std::string wanted = on_overlay.run(*overlay, step);
    CHECK(kept.run(*plain, step) == wanted);
    CHECK(fresh.run(*fresh.plain(), step) == wanted);
  }
  CHECK(kept.chain().size() > 8);
}

TEST_CASE("plain_tree: the tree of a finished step serves the next one on its chain", "[layers]") {
  if (!test::can_unpack()) return;
  Steps steps(kBase);
  const auto backend = steps.plain();
  steps.run(*backend, [](const base::DirFd& root) { write(root, "mine", "1"); });
  ino_t inode = 0;
  steps.run(*backend, [&](const base::DirFd& root) {
    inode = base::lstat_at(root, path("mine")).st_ino;
    write(root, "more", "2");
  });
  const LayerChain longer = steps.chain();
  steps.run(*backend, [&](const base::DirFd& root) {
    CHECK(base::lstat_at(root, path("mine")).st_ino == inode);
    base::remove_tree(root, path("mine"));
  });
  // Another branch that starts from the same chain gets a tree of its own.
  const auto branch = backend->open(longer);
  CHECK(base::read_file_at(branch->root(), path("mine"), 10) == "1");
}

TEST_CASE("plain_tree: nothing is left of it", "[layers]") {
  if (!test::can_unpack()) return;
  Steps steps(kBase);
  {
    const auto backend = steps.plain();
    steps.run(*backend, [](const base::DirFd& root) { write(root, "x", "1"); });
    const auto dropped = backend->open(steps.chain());
    write(dropped->root(), "y", "2");
  }
  CHECK(steps.store().temp_is_empty());
}

TEST_CASE("plain_tree: a device that cannot be made is not taken for deleted", "[layers]") {
  if (!test::can_unpack()) return;
  Steps steps({{file("f"), test::device("dev0", EntryType::char_device, 1, 3)}});
  CHECK(steps.run(*steps.plain(), [](const base::DirFd&) {}) == "nothing");
}

TEST_CASE("plain_tree: owners and capabilities go into the layer", "[layers]") {
  const bool is_root = overlay_xattrs_of_this_process() == OverlayXattrs::trusted;
  if (!test::can_run("root", is_root, "owners cannot be set")) return;
  const std::string capability("\1\0\0\2\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  Steps steps(kBase);
  steps.run(*steps.plain(), [&](const base::DirFd& root) {
    REQUIRE(::fchownat(root.get(), "d/a", 12, 34, 0) == 0);
    const auto fd = base::open_at(root, path("d/b"), O_RDONLY);
    REQUIRE(::fsetxattr(fd.get(), "security.capability", capability.data(), 20, 0) == 0);
  });
  const auto index = steps.store().layers().index(steps.chain().back());
  CHECK(index->find(path("d/a"))->gid == 34);
  REQUIRE(index->find(path("d/b"))->xattrs.size() == 1);
  CHECK(index->find(path("d/b"))->xattrs[0].value == capability);
  // And are there for the next step.
  const auto backend = steps.plain();
  const auto tree = backend->open(steps.chain());
  CHECK(base::lstat_at(tree->root(), path("d/a")).st_uid == 12);
  const auto fd = base::open_at(tree->root(), path("d/b"), O_RDONLY);
  CHECK(base::list_xattrs(fd.get(), "d/b").size() == 1);
}

TEST_CASE("tree_snapshot: tells what was touched, however well it is hidden", "[layers]") {
  const LayerStoreFixture store;
  const base::TempDir dir(store.temp(), "snapshot-");
  write(dir.dir(), "same", "1");
  write(dir.dir(), "changed", "1");
  const auto stat_of = [&](std::string_view name) { return base::lstat_at(dir.dir(), path(name)); };
  const TreeSnapshot early(dir.dir(), {});
  // Within one tick of the clock nothing is vouched for.
  struct stat future = stat_of("same");
  future.st_ctim.tv_sec += 10;
  CHECK_FALSE(early.is_untouched(path("same"), future));
  struct stat before = stat_of("changed");
  std::optional<TreeSnapshot> snapshot;
  do {
    snapshot.emplace(dir.dir(), std::set<base::RelPath>{path("dev")});
  } while (!snapshot->is_untouched(path("same"), stat_of("same")));
  do {  // the clock of files ticks some hundred times a second
    write(dir.dir(), "changed", "2");
    const timespec times[2] = {before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(dir.dir().get(), "changed", times, 0) == 0);
  } while (stat_of("changed").st_ctim.tv_nsec == before.st_ctim.tv_nsec);
  CHECK_FALSE(snapshot->is_untouched(path("changed"), stat_of("changed")));
  CHECK(snapshot->is_untouched(path("same"), stat_of("same")));
  CHECK_FALSE(snapshot->is_untouched(path("other"), stat_of("same")));
  CHECK(snapshot->lacked(path("dev")));
  CHECK_FALSE(snapshot->lacked(path("same")));
}

}  // namespace ibuild::layers
