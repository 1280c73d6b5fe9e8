#include "layers/working_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "layers/overlay_mount.h"
#include "tests/support/must_run.h"
#include "tests/unit/layers/layer_samples.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::directory;
using test::file;
using test::LayerStoreFixture;
using test::symlink;

base::RelPath path(std::string_view text) { return base::RelPath::exact(text); }

/// Whether this process can mount overlays; says why not.
bool can_mount() {
  static const std::string why_not = [] {
    try {
      const LayerStoreFixture store;
      const auto backend =
          make_overlay_backend(store.layers(), store.temp(), overlay_xattrs_of_this_process());
      (void)backend->open({store.build({file("f")})});
      return std::string();
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
  }();
  return test::can_run("root", why_not.empty(), why_not);
}

bool is_real_root() { return overlay_xattrs_of_this_process() == OverlayXattrs::trusted; }

/// A store, a chain of layers in it, and steps that write on top of each other.
class Build {
 public:
  explicit Build(const std::vector<std::vector<test::Sample>>& layers = {})
      : backend_(make_overlay_backend(store_.layers(), store_.temp(),
                                      overlay_xattrs_of_this_process())) {
    for (const auto& samples : layers) chain_.push_back(store_.build(test::sorted(samples)));
  }

  /// What the step changed, as a listing; "nothing" when no layer came of it.
  std::string step(const std::function<void(const base::DirFd& root)>& write) {
    const auto tree = backend_->open(chain_);
    if (latest_time) tree->set_latest_time(*latest_time);
    if (blob) tree->set_blob({.compression = *blob});
    write(tree->root());
    const auto layer = tree->commit([this](const std::string& text) { warnings += text; });
    if (!layer) return "nothing";
    chain_.push_back(*layer);
    return test::listing(*store_.layers().index(*layer));
  }
  /// Ends the backend, which waits for what it removes; no step after it.
  bool leaves_nothing() {
    backend_.reset();
    return store_.temp_is_empty();
  }
  /// The merged tree as the next step sees it.
  std::unique_ptr<WorkingTree> open() { return backend_->open(chain_); }
  std::string read(std::string_view name) {
    return base::read_file_at(open()->root(), path(name), 1 << 20);
  }
  /// Each layer's tar, read back and looked at as one tree.
  void check_tars() const {
    for (const Layer& layer : chain_) {
      base::StringSink tar;
      store_.layers().write_tar(layer, tar);
      CHECK(base::sha256_of(tar.text()) == layer.diff_id);
    }
  }
  LayerChain& chain() { return chain_; }
  LayerStoreFixture& store() { return store_; }
  std::string warnings;
  std::optional<base::TimePoint> latest_time;
  std::optional<CompressionOptions> blob;

 private:
  LayerStoreFixture store_;
  std::unique_ptr<SnapshotBackend> backend_;
  LayerChain chain_;
};

void write(const base::DirFd& root, std::string_view name, std::string_view content) {
  const auto fd = base::open_at(root, path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  base::FdSink(fd.get()).write(base::as_bytes(content));
}

void chmod(const base::DirFd& root, const char* name, mode_t mode) {
  REQUIRE(::fchmodat(root.get(), name, mode, 0) == 0);
}

std::string mode_of(const base::DirFd& root, std::string_view name) {
  char text[16];
  std::snprintf(text, sizeof text, "%o", base::lstat_at(root, path(name)).st_mode & 07777);
  return text;
}

}  // namespace

TEST_CASE("working_tree: an empty chain is a plain directory", "[layers]") {
  if (!test::can_unpack()) return;
  Build build;
  const auto tree = build.open();
  CHECK_FALSE(tree->is_detached_mount());
  CHECK(mode_of(tree->root(), "") == "755");
  CHECK(build.step([](const base::DirFd& root) { write(root, "f", "x"); }) == "f f\n");
  build.check_tars();
}

TEST_CASE("working_tree: a blob can be made in the pass that makes the layer", "[layers]") {
  if (!can_mount()) return;
  Build build({{file("old")}});
  build.blob = CompressionOptions{.type = image::media_type::LayerCompression::gzip, .level = {}};
  CHECK(build.step([](const base::DirFd& root) { write(root, "f", "x"); }) == "f f\n");
  const auto blob = build.store().layers().known_blob(build.chain().back(), *build.blob);
  REQUIRE(blob);
  CHECK(build.store().content().has_exact(blob->digest, blob->size_bytes));
  // Nothing changed: there is no layer, and nothing is left of a blob.
  CHECK(build.step([](const base::DirFd&) {}) == "nothing");
  CHECK(build.leaves_nothing());
}

TEST_CASE("working_tree: shows the layers merged, detached from the mount table", "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("d"), file("d/a", "old"), file("gone")},
               {directory("d", 0711), file("d/a", "new"), test::whiteout("gone")}});
  const auto tree = build.open();
  CHECK(tree->is_detached_mount());
  CHECK(base::read_file_at(tree->root(), path("d/a"), 100) == "new");
  CHECK(mode_of(tree->root(), "d") == "711");
  CHECK_FALSE(base::try_lstat_at(tree->root(), path("gone")));
  CHECK(base::read_host_file("/proc/self/mountinfo", 1 << 24).find("ibuild-test") ==
        std::string::npos);
}

TEST_CASE("working_tree: what a step writes becomes a layer; what it leaves alone does not",
          "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("d"), file("d/a", "1"), file("d/b", "2")}});
  CHECK(build.step([](const base::DirFd&) {}) == "nothing");
  CHECK(build.step([](const base::DirFd& root) {
    write(root, "d/a", "changed");
    write(root, "new", "n");
  }) == "d d\nf d/a\nf new\n");
  CHECK(build.read("d/a") == "changed");
  CHECK(build.read("d/b") == "2");
  build.check_tars();
  CHECK(build.leaves_nothing());
}

TEST_CASE("working_tree: a temporary file that came and went is nothing", "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("tmp", 01777)}});
  CHECK(build.step([](const base::DirFd& root) {
    write(root, "tmp/x", "x");
    base::remove_tree(root, path("tmp/x"));
  }) == "nothing");
}

TEST_CASE("working_tree: mode alone, time alone, and both back again", "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("d"), file("d/a", "1"), file("d/b", "2"), file("d/c", "3")}});
  CHECK(build.step([](const base::DirFd& root) { chmod(root, "d/a", 0600); }) == "d d\nf d/a\n");
  CHECK(build.step([](const base::DirFd& root) {
    REQUIRE(::utimensat(root.get(), "d/b", nullptr, 0) == 0);
  }) == "d d\nf d/b\n");
  CHECK(build.step([](const base::DirFd& root) {
    chmod(root, "d/c", 0600);
    chmod(root, "d/c", 0644);
  }) == "nothing");
  CHECK(build.step([](const base::DirFd& root) { chmod(root, "d", 0700); }) == "d d\n");
}

TEST_CASE("traps: layers: a capability alone is one entry", "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("d"), file("d/a", "1"), file("d/b", "2")}});
  const std::string capability("\1\0\0\2\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  const auto set = [&](const base::DirFd& root) {
    const auto fd = base::open_at(root, path("d/a"), O_RDONLY);
    REQUIRE(::fsetxattr(fd.get(), "security.capability", capability.data(), 20, 0) == 0);
  };
  CHECK(build.step(set) == "d d\nf d/a\n");
  const auto index = build.store().layers().index(build.chain().back());
  REQUIRE(index->find(path("d/a"))->xattrs.size() == 1);
  CHECK(index->find(path("d/a"))->xattrs[0].value == capability);
  CHECK(build.step([&](const base::DirFd& root) {
    const auto fd = base::open_at(root, path("d/a"), O_RDONLY);
    REQUIRE(::fremovexattr(fd.get(), "security.capability") == 0);
  }) == "d d\nf d/a\n");
  CHECK(build.step([](const base::DirFd&) {}) == "nothing");
}

TEST_CASE("working_tree: times after the latest one become it, and steps agree on what is the same",
          "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("d"), file("d/a", "1")}});
  const base::TimePoint latest(std::chrono::seconds(1'000'000'000));
  build.latest_time = latest;
  const auto write_all = [](const base::DirFd& root) {
    write(root, "d/new", "n");
    write(root, "d/old", "o");
    const timespec times[2] = {{5, 0}, {5, 0}};
    REQUIRE(::utimensat(root.get(), "d/old", times, 0) == 0);
  };
  CHECK(build.step(write_all) == "d d\nf d/new\nf d/old\n");
  const auto index = build.store().layers().index(build.chain().back());
  CHECK(index->find(path("d"))->mtime == latest);
  CHECK(index->find(path("d/new"))->mtime == latest);
  CHECK(index->find(path("d/old"))->mtime == base::TimePoint(std::chrono::seconds(5)));
  // Copied up and put back: the same, though the tree's own time is later.
  CHECK(build.step([](const base::DirFd& root) {
    chmod(root, "d/new", 0600);
    chmod(root, "d/new", 0644);
  }) == "nothing");
  build.check_tars();
}

TEST_CASE("working_tree: deletions, and directories deleted and made again", "[layers]") {
  if (!can_mount()) return;
  Build build(
      {{directory("d"), file("d/a", "1"), directory("d/s"), file("d/s/x", "x"), file("top", "t")}});
  CHECK(build.step([](const base::DirFd& root) {
    base::remove_tree(root, path("top"));
    base::remove_tree(root, path("d"));
    base::make_dirs(root, path("d/s"));
    write(root, "d/new", "n");
  }) == "d d\nw d/a\nf d/new\nd d/s\nw d/s/x\nw top\n");
  const auto tree = build.open();
  CHECK(base::list_dir(tree->root()).size() == 1);
  CHECK(base::list_dir(tree->root(), path("d/s")).empty());
  build.check_tars();
}

TEST_CASE("working_tree: over another base a step's layer does what its index says, no more",
          "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("d"), file("d/f", "old"), directory("e")}});
  CHECK(build.step([](const base::DirFd& root) {
    chmod(root, "d/f", 0600);  // copied up, and as before
    chmod(root, "d/f", 0644);
    REQUIRE(::unlinkat(root.get(), "e", AT_REMOVEDIR) ==
            0);  // hides what is below, which is nothing
    REQUIRE(::mkdirat(root.get(), "e", 0755) == 0);
    write(root, "e/x", "x");
  }) == "d e\nf e/x\n");
  build.chain()[0] = build.store().build(
      test::sorted({directory("d", 0700), file("d/f", "new"), directory("e"), file("e/y", "y")}));
  const auto tree = build.open();
  CHECK(base::read_file_at(tree->root(), path("d/f"), 100) == "new");
  CHECK(mode_of(tree->root(), "d") == "700");
  CHECK(base::read_file_at(tree->root(), path("e/x"), 100) == "x");
  CHECK(base::read_file_at(tree->root(), path("e/y"), 100) == "y");
}

TEST_CASE("working_tree: a directory becomes a link, a file becomes a directory", "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("dir"), file("dir/a", "1"), file("file", "f")}});
  CHECK(build.step([](const base::DirFd& root) {
    base::remove_tree(root, path("dir"));
    REQUIRE(::symlinkat("file", root.get(), "dir") == 0);
    base::remove_tree(root, path("file"));
    base::make_dirs(root, path("file/in"));
  }) == "l dir\nd file\nd file/in\n");
  build.check_tars();
}

TEST_CASE("working_tree: renamed directories are whole", "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("old"), file("old/a", "1"), file("keep", "k")}});
  CHECK(build.step([](const base::DirFd& root) {
    // Without redirects a rename of a lower directory is refused, and mv(1) copies.
    CHECK(::renameat(root.get(), "old", root.get(), "new") != 0);
    CHECK(errno == EXDEV);
    REQUIRE(::renameat(root.get(), "keep", root.get(), "kept") == 0);
  }) == "w keep\nf kept\n");
  CHECK(build.read("kept") == "k");
}

TEST_CASE("working_tree: hard links within a step and across layers", "[layers]") {
  if (!can_mount()) return;
  Build build({{file("a", "1"), test::hardlink("b", "a"), file("c", "c")}});
  CHECK(build.step([](const base::DirFd& root) { write(root, "b", "changed"); }) == "f b\n");
  CHECK(build.read("a") == "1");
  CHECK(build.step([](const base::DirFd& root) {
    REQUIRE(::linkat(root.get(), "c", root.get(), "d", 0) == 0);
  }) == "f c\nh d\n");
  const auto tree = build.open();
  CHECK(base::lstat_at(tree->root(), path("c")).st_ino ==
        base::lstat_at(tree->root(), path("d")).st_ino);
  build.check_tars();
}

TEST_CASE("working_tree: layers that came from tars are seen as overlayfs would have made them",
          "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("d"), file("d/a"), directory("d/s"), file("d/s/x")}});
  const std::string tar =
      test::tar_of({directory("d", 0700), file("d/new"), file("d/xwhxwhxxopq")});
  // No tar of ours holds an opaque mark, so one is made of a file's name.
  std::string foreign = tar;
  const auto at = foreign.find("d/xwhxwhxxopq");
  foreign.replace(at, 14, std::string("d/.wh..wh..opq", 14));
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(foreign[at + i]);
  }
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  foreign.replace(at + 148, 7, text, 7);
  build.chain().push_back(
      test::remote_layer(foreign, foreign, "application/vnd.oci.image.layer.v1.tar"));
  const auto tree = build.open();
  const auto names = base::list_dir(tree->root(), path("d"));
  REQUIRE(names.size() == 1);
  CHECK(names[0].name == "new");
  CHECK(mode_of(tree->root(), "d") == "700");
}

TEST_CASE("working_tree: a layer without entries for its parents does not change them",
          "[layers]") {
  if (!can_mount()) return;
  auto owned = directory("srv/data", 02750);
  Build build({{directory("srv", 0711), owned, directory("tmp", 01777)},
               {file("srv/data/f", "x"), file("tmp/g", "y"), file("brand/new/h", "z")}});
  {
    const auto tree = build.open();
    CHECK(mode_of(tree->root(), "tmp") == "1777");
    CHECK(mode_of(tree->root(), "srv") == "711");
    CHECK(mode_of(tree->root(), "srv/data") == "2750");
    CHECK(mode_of(tree->root(), "brand/new") == "755");
    CHECK(base::read_file_at(tree->root(), path("srv/data/f"), 10) == "x");
  }
  CHECK(build.step([](const base::DirFd&) {}) == "nothing");
  CHECK(build.step([](const base::DirFd& root) { write(root, "tmp/i", "i"); }) ==
        "d tmp\nf tmp/i\n");
  CHECK(mode_of(build.open()->root(), "tmp") == "1777");
}

TEST_CASE("working_tree: the root has the chain's mode", "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("", 0711), file("f")}});
  CHECK(mode_of(build.open()->root(), "") == "711");
  CHECK(build.step([](const base::DirFd&) {}) == "nothing");
  CHECK(build.step([](const base::DirFd& root) { chmod(root, ".", 0755); }) == "d \n");
  CHECK(mode_of(build.open()->root(), "") == "755");
}

TEST_CASE("working_tree: what is not committed leaves nothing", "[layers]") {
  if (!can_mount()) return;
  Build build({{file("f")}});
  {
    const auto tree = build.open();
    write(tree->root(), "g", "x");
  }
  CHECK(build.leaves_nothing());
}

TEST_CASE("working_tree: one step after the other on many layers", "[layers]") {
  if (!can_mount()) return;
  Build build({{file("base", "b")}});
  for (int i = 0; i < 30; ++i) {
    build.step([&](const base::DirFd& root) {
      write(root, "f" + std::to_string(i % 7), std::to_string(i));
    });
  }
  CHECK(build.chain().size() == 31);
  CHECK(build.read("f1") == "29");
  CHECK(build.read("f6") == "27");
  CHECK(build.read("base") == "b");
  build.check_tars();
}

TEST_CASE("working_tree: a layer may come several times", "[layers]") {
  if (!can_mount()) return;
  const std::vector<test::Sample> nothing;
  Build build({{file("f", "1")}, nothing, {file("f", "2")}, nothing, {file("f", "1")}, nothing});
  CHECK(build.step([](const base::DirFd& root) {
    CHECK(base::read_file_at(root, path("f"), 10) == "1");
    write(root, "g", "x");
  }) == "f g\n");
}

TEST_CASE("working_tree: chains longer than overlayfs takes are merged below", "[layers]") {
  if (!can_mount()) return;
  Build build({{directory("d", 0750), file("d/first", "1"), file("gone", "g"), symlink("l", "d")}});
  for (int i = 0; i < 270; ++i) {
    const std::string name = "d/f" + std::to_string(i);
    build.chain().push_back(build.store().build({file(name, std::to_string(i))}));
  }
  build.chain().push_back(build.store().build({test::whiteout("gone")}));
  const auto tree = build.open();
  CHECK(base::list_dir(tree->root(), path("d")).size() == 271);
  CHECK(base::read_file_at(tree->root(), path("d/f3"), 10) == "3");
  CHECK(base::read_file_at(tree->root(), path("d/f269"), 10) == "269");
  CHECK(mode_of(tree->root(), "d") == "750");
  CHECK(base::read_link_at(tree->root(), path("l")) == "d");
  CHECK_FALSE(base::try_lstat_at(tree->root(), path("gone")));
  CHECK(build.step([](const base::DirFd& root) { write(root, "d/first", "changed"); }) ==
        "d d\nf d/first\n");
  CHECK(build.read("d/first") == "changed");
}

TEST_CASE("working_tree: files with owners, capabilities and setuid bits survive steps",
          "[layers]") {
  if (!test::can_run("root", is_real_root(), "owners cannot be set") || !can_mount()) return;
  const std::string capability("\1\0\0\2\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  Build build({{file("a", "1")}});
  build.step([&](const base::DirFd& root) {
    write(root, "ping", "ELF");
    REQUIRE(::fchownat(root.get(), "ping", 12, 34, 0) == 0);
    chmod(root, "ping", 04755);
    const auto fd = base::open_at(root, path("ping"), O_RDONLY);
    REQUIRE(::fsetxattr(fd.get(), "security.capability", capability.data(), 20, 0) == 0);
    REQUIRE(::mknodat(root.get(), "dev", S_IFCHR | 0600, makedev(1, 3)) == 0);
  });
  const auto index = build.store().layers().index(build.chain().back());
  const LayerEntry* entry = index->find(path("ping"));
  REQUIRE(entry != nullptr);
  CHECK(entry->uid == 12);
  CHECK(entry->mode == 04755);
  REQUIRE(entry->xattrs.size() == 1);
  CHECK(entry->xattrs[0].value == capability);
  CHECK(index->find(path("dev"))->device_minor == 3);
  build.check_tars();
}

TEST_CASE("working_tree: a layer fetched for a step is unpacked while it comes", "[layers]") {
  if (!can_mount()) return;
  Build build;
  for (int i = 0; i < 6; ++i) {
    const std::string tar = test::tar_of({file("f" + std::to_string(i), std::to_string(i))});
    build.chain().push_back(
        test::remote_layer(tar, test::compress({.type = LayerCompression::gzip, .level = {}}, tar),
                           "application/vnd.oci.image.layer.v1.tar+gzip"));
  }
  CHECK(build.read("f5") == "5");
  for (const Layer& layer : build.chain()) {
    CHECK(static_cast<const test::FakeProvider&>(*layer.provider).fetches() == 1);
  }
}

TEST_CASE("working_tree: one layer that cannot be had ends the others", "[layers]") {
  if (!test::can_unpack()) return;
  Build build;
  for (int i = 0; i < 3; ++i) {
    const std::string tar = test::tar_of({file("f" + std::to_string(i))});
    build.chain().push_back(test::remote_layer(tar, i == 1 ? "damaged" : tar,
                                               "application/vnd.oci.image.layer.v1.tar"));
  }
  CHECK_THROWS_AS(build.open(), base::ContentError);
  CHECK(build.leaves_nothing());
}

TEST_CASE("overlay_mount: both ways of mounting give the same", "[layers]") {
  if (!can_mount()) return;
  const LayerStoreFixture store;
  const Layer bottom = store.build({directory("d"), file("d/a", "bottom"), file("d/b", "b")});
  const Layer top = store.build({directory("d"), file("d/a", "top"), test::whiteout("d/b")});
  const std::vector<Layer> layers = {top, bottom};
  for (const auto method : {OverlayMethod::appended_layers, OverlayMethod::one_option}) {
    const base::TempDir scratch(store.temp(), "mount-");
    base::make_dirs(scratch.dir(), path("upper"));
    base::make_dirs(scratch.dir(), path("work"));
    const base::DirFd upper = base::open_dir_at(scratch.dir(), path("upper"));
    const base::DirFd work = base::open_dir_at(scratch.dir(), path("work"));
    const OverlayParts parts{
        .lower_count = 2,
        .open_lower = [&](std::size_t i) { return store.layers().open_tree(layers[i]); },
        .upper = upper,
        .work = work,
        .xattrs = overlay_xattrs_of_this_process()};
    std::optional<base::DirFd> root;
    try {
      root = mount_overlay(parts, method);
    } catch (const base::Error& error) {
      // Linux before 6.7 has the second way alone.
      REQUIRE(method == OverlayMethod::appended_layers);
      CHECK_THAT(error.what(), Contains("6.7"));
      continue;
    }
    CHECK(base::read_file_at(*root, path("d/a"), 100) == "top");
    CHECK(base::list_dir(*root, path("d")).size() == 1);
    write(*root, "d/c", "new");
    CHECK(base::read_file_at(upper, path("d/c"), 100) == "new");
    CHECK(base::read_host_file("/proc/self/mountinfo", 1 << 24).find("ibuild-test") ==
          std::string::npos);
  }
}

TEST_CASE("overlay_mount: a failure says what the kernel said", "[layers]") {
  if (!can_mount()) return;
  const LayerStoreFixture store;
  const Layer layer = store.build({file("f")});
  const base::DirFd proc = base::DirFd::open("/proc");
  const OverlayParts parts{
      .lower_count = 1,
      .open_lower = [&](std::size_t) { return store.layers().open_tree(layer); },
      .upper = proc,
      .work = proc,
      .xattrs = overlay_xattrs_of_this_process()};
  CHECK_THROWS_WITH(mount_overlay(parts), Contains("mount an overlay on /proc"));
}

TEST_CASE("working tree: a check sees the layer's tar before it is kept, and may refuse it",
          "[layers]") {
  if (!can_mount()) return;
  class Check : public LayerCheck {
   public:
    explicit Check(bool refuses) : refuses_(refuses) {}
    void write(base::Bytes bytes) override { tar += base::as_text(bytes); }
    void finish(const LayerIndex& index) override {
      entries = index.entries().size();
      if (refuses_) throw base::Error("refused");
    }
    std::string tar;
    std::size_t entries = 0;

   private:
    bool refuses_;
  };
  Build build({{file("old")}});
  for (const bool refuses : {true, false}) {
    CAPTURE(refuses);
    const auto tree = build.open();
    write(tree->root(), "new", "content of it");
    Check check(refuses);
    tree->set_check(check);
    if (refuses) {
      CHECK_THROWS_WITH(tree->commit({}), "refused");
      const Layer layer{base::sha256_of(check.tar), std::nullopt, nullptr};
      CHECK_FALSE(build.store().layers().present(layer).tree);
    } else {
      const auto layer = tree->commit({});
      REQUIRE(layer);
      CHECK(base::sha256_of(check.tar) == layer->diff_id);
    }
    CHECK_THAT(check.tar, Contains("content of it"));
    CHECK(check.entries >= 1);
  }
}

}  // namespace ibuild::layers
