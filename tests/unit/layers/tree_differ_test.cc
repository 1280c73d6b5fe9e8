#include "layers/tree_differ.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "base/error.h"
#include "layers/file_times.h"
#include "layers/upper_leftovers.h"
#include "tests/support/must_run.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::can_run;
using test::directory;
using test::file;
using test::LayerStoreFixture;
using test::symlink;

base::RelPath path(std::string_view text) { return base::RelPath::exact(text); }

/// The time of test::file and its kin.
const auto kTime = base::TimePoint(std::chrono::seconds(1'600'000'000));

bool is_real_root() { return overlay_xattrs_of_this_process() == OverlayXattrs::trusted; }

/// Layers, and an upper directory that lies over them as an overlay would have it.
class Over {
 public:
  explicit Over(const std::vector<std::vector<test::Sample>>& layers = {})
      : upper_(open_upper(store_)) {
    std::vector<std::shared_ptr<const LayerIndex>> indexes;
    for (const auto& samples : layers) {
      chain_.push_back(store_.build(test::sorted(samples)));
      indexes.push_back(store_.layers().index(chain_.back()));
    }
    lower_.emplace(std::move(indexes));
  }
  const base::DirFd& upper() const { return upper_; }

  void dir(std::string_view name, mode_t mode = 0755) {
    base::make_dirs(upper_, path(name));
    REQUIRE(::fchmodat(upper_.get(), std::string(name).c_str(), mode, 0) == 0);
  }
  void put(std::string_view name, std::string_view content, mode_t mode = 0644,
           base::TimePoint time = kTime) {
    base::make_dirs(upper_, path(name).parent());
    base::write_file_atomically(upper_, path(name), content);
    REQUIRE(::fchmodat(upper_.get(), std::string(name).c_str(), mode, 0) == 0);
    set_mtime(upper_.get(), std::string(name).c_str(), time, "test");
  }
  void link_to(std::string_view name, const char* target) {
    REQUIRE(::symlinkat(target, upper_.get(), std::string(name).c_str()) == 0);
    set_mtime(upper_.get(), std::string(name).c_str(), kTime, "test");
  }
  void hard_link(const char* from, const char* to) {
    REQUIRE(::linkat(upper_.get(), from, upper_.get(), to, 0) == 0);
  }
  void node(const char* name, mode_t mode, dev_t device) {
    REQUIRE(::mknodat(upper_.get(), name, mode, device) == 0);
    set_mtime(upper_.get(), name, kTime, "test");
  }
  void xattr(std::string_view name, const char* key, std::string_view value) {
    const auto fd = base::open_at(upper_, path(name), O_RDONLY);
    REQUIRE(::fsetxattr(fd.get(), key, value.data(), value.size(), 0) == 0);
  }
  void whiteout(const char* name) { node(name, S_IFCHR, makedev(0, 0)); }
  void mark(std::string_view name, std::string_view mark, std::string_view value) {
    const auto prefix = overlay_prefix(overlay_xattrs_of_this_process());
    xattr(name, (std::string(prefix) + std::string(mark)).c_str(), value);
  }
  void opaque(std::string_view name) { mark(name, "opaque", "y"); }

  std::optional<TreeDiff> diff() {
    const UpperTree tree{.upper = upper_,
                         .xattrs = overlay_xattrs_of_this_process(),
                         .chain = chain_,
                         .lower = *lower_,
                         .layers = store_.layers()};
    return diff_upper_tree(tree, store_.pool(),
                           [this](const std::string& text) { warnings += text + "\n"; }, {});
  }
  /// The names in a directory.
  std::string names(std::string_view name) const {
    std::string names;
    for (const auto& entry : base::list_dir(upper_, path(name)))
      names += (names.empty() ? "" : " ") + entry.name;
    return names;
  }
  std::string listing() {
    const auto found = diff();
    return found ? test::listing(found->index) : "nothing";
  }
  Layer adopt(const TreeDiff& diff) {
    return store_.layers().adopt_tree(store_.temp(), "upper", diff.index, diff.diff_id);
  }
  const LayerStoreFixture& store() const { return store_; }
  std::string warnings;

 private:
  static base::DirFd open_upper(const LayerStoreFixture& store) {
    base::make_dirs(store.temp(), path("upper"));
    base::DirFd upper = base::open_dir_at(store.temp(), path("upper"));
    REQUIRE(::fchmod(upper.get(), 0755) == 0);
    return upper;
  }

  LayerStoreFixture store_;
  base::DirFd upper_;
  LayerChain chain_;
  std::optional<TreeView> lower_;
};

/// Owned by root, the tests' root directory is no change; by another, it is one.
std::string root_part() { return ::geteuid() == 0 && ::getegid() == 0 ? "" : "d \n"; }

}  // namespace

TEST_CASE("tree_differ: an untouched upper directory is no layer", "[layers]") {
  Over over;
  CHECK(over.listing() == (root_part().empty() ? "nothing" : root_part()));
}

TEST_CASE("tree_differ: new files of all kinds, in walk order", "[layers]") {
  Over over;
  over.dir("d", 01777);
  over.put("d/file", "content", 04755);
  over.put("d.txt", "dot");
  over.link_to("link", "/d/file");
  over.node("pipe", S_IFIFO | 0600, 0);
  const auto diff = over.diff();
  REQUIRE(diff);
  CHECK(test::listing(diff->index) == root_part() + "d d\nf d/file\nf d.txt\nl link\np pipe\n");
  const LayerEntry& entry = *diff->index.find(path("d/file"));
  CHECK(entry.mode == 04755);
  CHECK(entry.uid == ::geteuid());
  CHECK(entry.size_bytes == 7);
  CHECK(entry.mtime == kTime);
  CHECK(entry.content == base::sha256_of("content"));
  CHECK(diff->index.find(path("d"))->mode == 01777);
  CHECK(diff->index.find(path("link"))->link_target == "/d/file");
  CHECK(diff->index.origin() == TarOrigin::own);
}

TEST_CASE("tree_differ: the diff-id is that of the tar that the adopted tree gives", "[layers]") {
  Over over;
  over.put("a/b/file", std::string(3'000'000, 'x'));
  over.put("a/name-\xff\xfe", "raw");
  over.put("a/" + std::string(200, 'n'), "long");
  over.hard_link("a/b/file", "a/b/second");
  over.link_to("z", "a");
  const auto diff = over.diff();
  REQUIRE(diff);
  const Layer layer = over.adopt(*diff);
  base::StringSink tar;
  over.store().layers().write_tar(layer, tar);
  CHECK(base::sha256_of(tar.text()) == diff->diff_id);
  const LayerEntry& large = *diff->index.find(path("a/b/file"));
  CHECK(tar.text().substr(large.tar_offset, large.size_bytes) == std::string(3'000'000, 'x'));
}

TEST_CASE("tree_differ: parents of what changed are part of the layer", "[layers]") {
  Over over({{directory("a"), directory("a/b"), directory("a/c"), file("a/c/x")}});
  over.dir("a");
  over.dir("a/b");
  over.dir("a/c");
  over.put("a/b/new", "1");
  CHECK(over.listing() == root_part() + "d a\nd a/b\nf a/b/new\n");
}

TEST_CASE("tree_differ: unchanged copy-ups are left out", "[layers]") {
  Over over({{directory("etc"), file("etc/conf", "same"), symlink("etc/link", "conf")}});
  over.dir("etc");
  over.put("etc/conf", "same");
  over.link_to("etc/link", "conf");
  CHECK(over.listing() == (root_part().empty() ? "nothing" : root_part()));
}

TEST_CASE("tree_differ: each kind of change counts", "[layers]") {
  auto changed = [](const std::function<void(Over&)>& change) {
    Over over({{file("f", "content"), symlink("l", "to"), directory("d", 0755)}});
    change(over);
    return over.listing();
  };
  CHECK(changed([](Over& o) { o.put("f", "CONTENT"); }) == root_part() + "f f\n");
  CHECK(changed([](Over& o) { o.put("f", "longer content"); }) == root_part() + "f f\n");
  CHECK(changed([](Over& o) { o.put("f", "content", 0600); }) == root_part() + "f f\n");
  CHECK(changed([](Over& o) { o.put("f", "content", 0644, kTime + std::chrono::seconds(1)); }) ==
        root_part() + "f f\n");
  CHECK(changed([](Over& o) { o.link_to("l", "elsewhere"); }) == root_part() + "l l\n");
  CHECK(changed([](Over& o) { o.link_to("f", "x"); }) == root_part() + "l f\n");
  CHECK(changed([](Over& o) { o.dir("d", 0700); }) == root_part() + "d d\n");
  CHECK(changed([](Over& o) { o.dir("l"); }) == root_part() + "d l\n");
  CHECK(changed([](Over& o) { o.put("d", "file now"); }) == root_part() + "f d\n");
}

TEST_CASE("tree_differ: parts of a second and times of directories are no change", "[layers]") {
  Over over({{file("f", "content"), directory("d")}});
  over.put("f", "content", 0644, kTime + std::chrono::milliseconds(900));
  over.dir("d");
  CHECK(over.listing() == (root_part().empty() ? "nothing" : root_part()));
}

TEST_CASE("tree_differ: the first of several names is the file", "[layers]") {
  Over over;
  over.put("m", "linked");
  over.hard_link("m", "z");
  over.hard_link("m", "a");
  const auto diff = over.diff();
  REQUIRE(diff);
  CHECK(test::listing(diff->index) == root_part() + "f a\nh m\nh z\n");
  CHECK(diff->index.find(path("z"))->link_target == "a");
  CHECK(diff->index.find(path("z"))->size_bytes == 0);
}

TEST_CASE("tree_differ: a file whose other name lies in a lower layer is a full copy", "[layers]") {
  Over over({{file("a", "content"), test::hardlink("b", "a")}});
  over.put("b", "changed");
  CHECK(over.listing() == root_part() + "f b\n");
}

TEST_CASE("tree_differ: a new name for a file of a lower layer keeps them one file", "[layers]") {
  Over over({{file("a", "content")}});
  over.put("a", "content");
  over.hard_link("a", "b");
  CHECK(over.listing() == root_part() + "f a\nh b\n");
}

TEST_CASE("tree_differ: names that were linked before and still are do not count", "[layers]") {
  Over over({{file("a", "content"), test::hardlink("b", "a")}});
  over.put("a", "content");
  over.hard_link("a", "b");
  CHECK(over.listing() == (root_part().empty() ? "nothing" : root_part()));
}

TEST_CASE("tree_differ: files that became one file count", "[layers]") {
  Over over({{file("a", "content"), file("b", "content")}});
  over.put("a", "content");
  over.hard_link("a", "b");
  CHECK(over.listing() == root_part() + "f a\nh b\n");
}

TEST_CASE("tree_differ: sockets are dropped with a warning", "[layers]") {
  Over over;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  const base::UniqueFd listener(fd);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "/proc/self/fd/" + std::to_string(over.upper().get()) + "/run.sock";
  std::copy(name.begin(), name.end(), address.sun_path);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  over.put("f", "x");
  CHECK(over.listing() == root_part() + "f f\n");
  CHECK_THAT(over.warnings, Contains("/run.sock") && Contains("socket"));
  CHECK_FALSE(base::try_lstat_at(over.upper(), path("run.sock")));
}

TEST_CASE("tree_differ: sparse files are stored expanded", "[layers]") {
  Over over;
  over.put("sparse", "");
  const auto fd = base::open_at(over.upper(), path("sparse"), O_RDWR);
  REQUIRE(::ftruncate(fd.get(), 5'000'000) == 0);
  const auto diff = over.diff();
  REQUIRE(diff);
  CHECK(diff->index.find(path("sparse"))->content == base::sha256_of(std::string(5'000'000, '\0')));
}

TEST_CASE("tree_differ: user attributes are dropped, from the tree as well", "[layers]") {
  Over over;
  over.put("f", "x");
  over.dir("d");
  over.xattr("f", "user.note", "1");
  over.xattr("d", "user.note", "1");
  const auto diff = over.diff();
  REQUIRE(diff);
  CHECK(diff->index.find(path("f"))->xattrs.empty());
  CHECK(diff->index.find(path("d"))->xattrs.empty());
  const auto fd = base::open_at(over.upper(), path("f"), O_RDONLY);
  CHECK(base::list_xattrs(fd.get(), "f").empty());
}

TEST_CASE("tree_differ: a name that looks like a whiteout is refused", "[layers]") {
  Over over;
  over.put(".wh.x", "");
  CHECK_THROWS_WITH(over.diff(), Contains(".wh."));
}

TEST_CASE("tree_differ: a path too long for a layer is refused", "[layers]") {
  Over over;
  base::DirFd here = over.upper().dup();
  const std::string name(250, 'd');
  for (int depth = 0; depth < 17; ++depth) {
    REQUIRE(::mkdirat(here.get(), name.c_str(), 0755) == 0);
    here = base::open_dir_at(here, path(name));
  }
  CHECK_THROWS_WITH(over.diff(), Contains("too long a path"));
}

TEST_CASE("tree_differ: a stop ends it", "[layers]") {
  Over over;
  over.put("f", "x");
  std::stop_source stop;
  stop.request_stop();
  const TreeView empty({});
  const LayerChain chain;
  const UpperTree tree{.upper = over.upper(),
                       .xattrs = overlay_xattrs_of_this_process(),
                       .chain = chain,
                       .lower = empty,
                       .layers = over.store().layers()};
  base::ThreadPool pool(1);
  CHECK_THROWS_AS(diff_upper_tree(tree, pool, {}, stop.get_token()), base::CancelledError);
}

TEST_CASE("tree_differ: owners, capabilities and devices", "[layers]") {
  if (!can_run("root", is_real_root(), "owners cannot be set")) return;
  const std::string capability("\1\0\0\2\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  Over over({{file("same", "x"), file("owner", "x"), file("cap", "x")}});
  over.put("same", "x");
  over.put("owner", "x");
  REQUIRE(::fchownat(over.upper().get(), "owner", 1000, 3'000'000, 0) == 0);
  over.put("cap", "x");
  over.xattr("cap", "security.capability", capability);
  over.node("null", S_IFCHR | 0666, makedev(1, 3));
  const auto diff = over.diff();
  REQUIRE(diff);
  CHECK(test::listing(diff->index) == "f cap\nc null\nf owner\n");
  CHECK(diff->index.find(path("owner"))->gid == 3'000'000);
  CHECK(diff->index.find(path("cap"))->xattrs ==
        std::vector<base::Xattr>{{"security.capability", capability}});
  CHECK(diff->index.find(path("null"))->device_minor == 3);
}

TEST_CASE("tree_differ: a copy-up with the same capabilities is no change", "[layers]") {
  if (!can_run("root", is_real_root(), "capabilities cannot be set")) return;
  auto capable = file("cap", "x");
  capable.entry.xattrs = {
      {"security.capability", std::string("\1\0\0\2\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)}};
  Over over({{capable}});
  over.put("cap", "x");
  over.xattr("cap", "security.capability", capable.entry.xattrs[0].value);
  CHECK(over.listing() == "nothing");
}

TEST_CASE("tree_differ: whiteouts count where something is deleted", "[layers]") {
  if (!test::can_unpack()) return;
  Over over({{directory("d"), file("d/a"), file("d/b")}});
  over.dir("d");
  over.whiteout("d/a");
  over.whiteout("d/never-was");
  const auto diff = over.diff();
  REQUIRE(diff);
  CHECK(test::listing(diff->index) == "d d\nw d/a\n");
  CHECK(diff->index.find(path("d/a"))->mtime == base::TimePoint());
}

TEST_CASE("tree_differ: an opaque directory becomes whiteouts of what it hides", "[layers]") {
  if (!test::can_unpack()) return;
  Over over({{directory("d"), file("d/a"), file("d/b", "same"), directory("d/s"), file("d/s/x"),
              file("d/s/y", "new"), directory("d/t"), file("d/t/z")},
             {file("d/c")}});
  over.dir("d");
  over.opaque("d");
  over.put("d/b", "same");
  over.dir("d/s");
  over.put("d/s/y", "changed");
  over.put("d/t", "a file now");
  CHECK(over.listing() == "d d\nw d/a\nw d/c\nd d/s\nw d/s/x\nf d/s/y\nf d/t\n");
}

TEST_CASE("tree_differ: an opaque directory over nothing is just a directory", "[layers]") {
  if (!test::can_unpack()) return;
  Over over({{file("x")}});
  over.dir("d");
  over.opaque("d");
  over.put("d/a", "1");
  over.dir("x");
  over.opaque("x");
  CHECK(over.listing() == "d d\nf d/a\nd x\n");
}

TEST_CASE("upper_leftovers: what was copied up and is the same goes, times of directories stay",
          "[layers]") {
  if (!test::can_unpack()) return;
  Over over({{directory("a"), file("a/same"), file("a/twin"), directory("b"), directory("b/c"),
              file("b/c/same")}});
  over.put("a/new", "1");
  over.put("a/same", "");
  over.dir("a/made-up");
  over.put("b/c/same", "");
  over.whiteout("a/never-was");
  set_mtime(over.upper().get(), "a", kTime, "test");
  const auto diff = over.diff();
  REQUIRE(diff);
  remove_leftovers(over.upper(), diff->leftovers, overlay_xattrs_of_this_process());
  CHECK(over.names("") == "a");
  CHECK(over.names("a") == "made-up new");
  CHECK(to_time_point(base::lstat_at(over.upper(), path("a")).st_mtim) == kTime);
}

TEST_CASE("upper_leftovers: an opaque mark becomes whiteouts, in directories below it as well",
          "[layers]") {
  if (!test::can_unpack()) return;
  Over over({{directory("d"), file("d/a"), directory("d/s"), file("d/s/x"), directory("e")}});
  over.dir("d");
  over.opaque("d");
  over.put("d/s/y", "new");
  over.dir("e");
  over.opaque("e");
  const auto diff = over.diff();
  REQUIRE(diff);
  const auto xattrs = overlay_xattrs_of_this_process();
  remove_leftovers(over.upper(), diff->leftovers, xattrs);
  CHECK(over.names("") == "d");
  CHECK(over.names("d") == "a s");
  CHECK(over.names("d/s") == "x y");
  for (const char* name : {"d/a", "d/s/x"}) {
    const struct stat info = base::lstat_at(over.upper(), path(name));
    CHECK((S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0)));
  }
  const auto fd = base::open_at(over.upper(), path("d"), O_RDONLY);
  CHECK(base::list_xattrs(fd.get(), "d").empty());
  // Looked at once more, it says the same.
  CHECK(over.listing() == "d d\nw d/a\nd d/s\nw d/s/x\nf d/s/y\n");
}

TEST_CASE("tree_differ: empty files with a whiteout attribute are whiteouts", "[layers]") {
  if (!test::can_unpack()) return;
  Over over({{directory("d"), file("d/a"), file("d/b")}});
  over.dir("d");
  over.mark("d", "opaque", "x");
  over.put("d/a", "");
  over.mark("d/a", "whiteout", "y");
  over.put("d/b", "");
  over.mark("d/b", "origin", "bytes");
  CHECK(over.listing() == "d d\nw d/a\n");
}

TEST_CASE("tree_differ: redirects and metadata-only copies are refused", "[layers]") {
  if (!test::can_unpack()) return;
  Over redirected;
  redirected.dir("d");
  redirected.mark("d", "redirect", "/old");
  CHECK_THROWS_WITH(redirected.diff(), Contains("redirect"));
  Over bare;
  bare.put("f", "");
  bare.mark("f", "metacopy", "");
  CHECK_THROWS_WITH(bare.diff(), Contains("metacopy"));
}

TEST_CASE("tree_differ: a changed root directory is part of the layer", "[layers]") {
  if (!test::can_unpack()) return;
  Over over({{directory("", 0700), file("f")}});
  CHECK(over.listing() == "d \n");
}

}  // namespace ibuild::layers
