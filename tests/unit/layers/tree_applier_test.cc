#include "layers/tree_applier.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "base/error.h"
#include "base/scope_exit.h"
#include "layers/layer_collector.h"
#include "tests/support/forked.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::can_run;
using test::directory;
using test::file;
using test::hardlink;
using test::opaque;
using test::symlink;
using test::whiteout;

base::RelPath path(std::string_view text) { return base::RelPath::exact(text); }

bool is_root() {
  return overlay_xattrs_of_this_process() == OverlayXattrs::trusted && ::geteuid() == 0;
}

struct Unpacked {
  explicit Unpacked(const std::vector<test::Sample>& samples,
                    OverlayXattrs xattrs = overlay_xattrs_of_this_process())
      : scratch(test::make_scratch_dir()) {
    TreeApplier applier(scratch.dir(), xattrs);
    LayerCollector collector;
    for (const test::Sample& sample : samples) {
      base::StringSource data(sample.content);
      applier.add(collector.add(sample.entry), data);
    }
    applier.finish(collector.finish(TarOrigin::foreign));
  }
  struct stat stat(std::string_view name) const {
    return base::lstat_at(scratch.dir(), path(name));
  }
  std::string content(std::string_view name) const {
    return base::read_file_at(scratch.dir(), path(name), 1 << 20);
  }
  bool has(std::string_view name) const {
    return base::try_lstat_at(scratch.dir(), path(name)).has_value();
  }
  std::string xattr(std::string_view name, const char* key) const {
    const auto fd = base::open_at(scratch.dir(), path(name), O_RDONLY | O_NONBLOCK);
    char value[100];
    const ssize_t size = ::fgetxattr(fd.get(), key, value, sizeof value);
    return size < 0 ? "none" : std::string(value, static_cast<std::size_t>(size));
  }
  base::TempDir scratch;
};

constexpr mode_t kModeBits = 07777;

}  // namespace

TEST_CASE("tree_applier: files, directories and links with modes and times", "[layers]") {
  if (!test::can_unpack()) return;
  auto late = file("d/tool", "#!/bin/sh", 06751);
  late.entry.mtime =
      base::TimePoint(std::chrono::seconds(-86'400) + std::chrono::milliseconds(250));
  const Unpacked tree(
      {directory("d", 01770), late, file("d/empty", "", 0), symlink("l", "d/../x")});
  CHECK(tree.content("d/tool") == "#!/bin/sh");
  CHECK((tree.stat("d/tool").st_mode & kModeBits) == 06751);
  CHECK(tree.stat("d/tool").st_mtim.tv_sec == -86'400);
  CHECK(tree.stat("d/tool").st_mtim.tv_nsec == 250'000'000);
  CHECK((tree.stat("d/empty").st_mode & kModeBits) == 0);
  CHECK((tree.stat("d").st_mode & kModeBits) == 01770);
  CHECK(tree.stat("d").st_mtim.tv_sec == 1'600'000'000);
  CHECK(base::read_link_at(tree.scratch.dir(), path("l")) == "d/../x");
  CHECK(tree.stat("l").st_mtim.tv_sec == 1'600'000'000);
}

TEST_CASE("tree_applier: the umask does not matter", "[layers]") {
  if (!test::can_unpack()) return;
  const mode_t old = ::umask(0777);
  const base::ScopeExit restore([&] { ::umask(old); });
  const Unpacked tree({directory("d", 0777), file("d/f", "x", 0666), file("e/g", "y", 0644)});
  CHECK((tree.stat("d").st_mode & kModeBits) == 0777);
  CHECK((tree.stat("d/f").st_mode & kModeBits) == 0666);
  CHECK((tree.stat("e").st_mode & kModeBits) == 0755);
}

TEST_CASE("tree_applier: directories that forbid writing can be filled", "[layers]") {
  if (!test::can_unpack()) return;
  const Unpacked tree({directory("d", 0500), directory("d/e", 0), file("d/e/f", "x")});
  CHECK((tree.stat("d").st_mode & kModeBits) == 0500);
  if (::geteuid() == 0) CHECK(tree.content("d/e/f") == "x");
  // So that it can be removed again.
  ::fchmodat(tree.scratch.dir().get(), "d", 0700, 0);
}

TEST_CASE("tree_applier: hard links share their file", "[layers]") {
  if (!test::can_unpack()) return;
  const Unpacked tree({file("a", "12"), hardlink("b", "a"), directory("d"), hardlink("d/c", "b")});
  CHECK(tree.stat("a").st_ino == tree.stat("d/c").st_ino);
  CHECK(tree.stat("b").st_nlink == 3);
}

TEST_CASE("tree_applier: a hard link keeps the bytes of a replaced file", "[layers]") {
  if (!test::can_unpack()) return;
  const Unpacked tree({file("a", "old"), hardlink("b", "a"), file("a", "new")});
  CHECK(tree.content("a") == "new");
  CHECK(tree.content("b") == "old");
}

TEST_CASE("tree_applier: later entries replace former ones of any type", "[layers]") {
  if (!test::can_unpack()) return;
  const Unpacked tree({directory("x"), file("x/in", "1"), symlink("x", "to"), file("y", "1"),
                       directory("y"), file("y/in", "2"), test::fifo("z"), file("z", "3"),
                       file("l", "4"), hardlink("l2", "l"), symlink("l2", "q"), hardlink("m", "z"),
                       hardlink("m", "l")});
  CHECK(S_ISLNK(tree.stat("x").st_mode));
  CHECK(tree.content("y/in") == "2");
  CHECK(tree.content("z") == "3");
  CHECK(S_ISLNK(tree.stat("l2").st_mode));
  CHECK(tree.content("m") == "4");
}

TEST_CASE("tree_applier: no link of the layer leads it out of the tree", "[layers]") {
  if (!test::can_unpack()) return;
  const auto outside = test::make_scratch_dir();
  const Unpacked tree({symlink("out", outside.host_path()), file("out/f", "x"),
                       symlink("up", "../../../../.."), file("up/g", "y")});
  CHECK(base::list_dir(outside.dir()).empty());
  CHECK(tree.content(outside.host_path().substr(1) + "/f") == "x");
  CHECK(tree.content("g") == "y");
}

TEST_CASE("tree_applier: owners, devices and file capabilities", "[layers]") {
  if (!can_run("root", is_root(), "owners and devices cannot be set")) return;
  auto owned = file("f", "x", 04755);
  owned.entry.uid = 3'000'000;
  owned.entry.gid = 12;
  const std::string capability(
      "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x00\x00\x00\x00",
      20);
  owned.entry.xattrs = {{"security.capability", capability}};
  auto owned_link = symlink("l", "f");
  owned_link.entry.uid = 77;
  auto owned_dir = directory("d", 02775);
  owned_dir.entry.gid = 50;
  const Unpacked tree({owned, owned_link, owned_dir, file("d/in", "x"),
                       test::device("null", EntryType::char_device, 1, 3),
                       test::device("sda", EntryType::block_device, 8, 300), test::fifo("p")});
  CHECK(tree.stat("f").st_uid == 3'000'000);
  CHECK(tree.stat("f").st_gid == 12);
  CHECK((tree.stat("f").st_mode & kModeBits) == 04755);
  CHECK(tree.xattr("f", "security.capability") == capability);
  CHECK(tree.stat("l").st_uid == 77);
  CHECK(tree.stat("d").st_gid == 50);
  CHECK(tree.stat("d/in").st_gid == ::getegid());
  CHECK(S_ISCHR(tree.stat("null").st_mode));
  CHECK(tree.stat("null").st_rdev == makedev(1, 3));
  CHECK(S_ISBLK(tree.stat("sda").st_mode));
  CHECK(tree.stat("sda").st_rdev == makedev(8, 300));
  CHECK(S_ISFIFO(tree.stat("p").st_mode));
}

TEST_CASE("tree_applier: whiteouts and opaque marks as overlayfs has them", "[layers]") {
  if (!can_run("root", is_root(), "whiteouts cannot be made")) return;
  for (const auto xattrs : {OverlayXattrs::trusted, OverlayXattrs::user}) {
    const Unpacked tree({whiteout("d/gone"), directory("d", 0711), opaque("e"), file("e/new", "x"),
                         whiteout("f"), directory("f")},
                        xattrs);
    const std::string opaque_name = std::string(overlay_prefix(xattrs)) + "opaque";
    CHECK(S_ISCHR(tree.stat("d/gone").st_mode));
    CHECK(tree.stat("d/gone").st_rdev == makedev(0, 0));
    CHECK((tree.stat("d").st_mode & kModeBits) == 0711);
    CHECK(tree.xattr("e", opaque_name.c_str()) == "y");
    CHECK(tree.xattr("f", opaque_name.c_str()) == "y");
    CHECK(tree.xattr("d", opaque_name.c_str()) == "none");
  }
}

TEST_CASE("tree_applier: an owner that cannot be set is an error with a hint", "[layers]") {
  if (!can_run("root", is_root(), "only root may become somebody else")) return;
  CHECK(test::passes_in_fork([] {
    test::become_ordinary_user();
    auto sample = file("f");
    sample.entry.uid = 12345;
    try {
      const Unpacked tree({sample});
    } catch (const base::SystemError& error) {
      return error.error_number() == EPERM && !error.hint().empty();
    }
    return false;
  }));
}

TEST_CASE("tree_applier: the root entry sets the tree's own mode", "[layers]") {
  if (!test::can_unpack()) return;
  const Unpacked tree({directory("", 0711), file("a")});
  CHECK((tree.stat("").st_mode & kModeBits) == 0711);
  const Unpacked bare({file("a")});
  CHECK((bare.stat("").st_mode & kModeBits) == 0755);
}

TEST_CASE("tree_applier: names of any bytes and deep paths", "[layers]") {
  if (!test::can_unpack()) return;
  std::string deep = "d";
  while (deep.size() < 3900) deep += "/dddddddd";
  const Unpacked tree({file("\xff\n\x01", "x"), file(deep + "/f", "deep")});
  CHECK(tree.content("\xff\n\x01") == "x");
  CHECK(tree.content(deep + "/f") == "deep");
}

}  // namespace ibuild::layers
