#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/parent_at.h"
#include "tests/support/forked.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild::base;
using ibuild::test::make_scratch_dir;

namespace {

RelPath path(std::string_view text) { return RelPath::exact(text); }

/// Makes a chain of directories, without ever holding its whole path.
void make_deep_chain(const DirFd& dir, int depth) {
  UniqueFd here(::dup(dir.get()));
  for (int i = 0; i < depth; ++i) {
    REQUIRE(::mkdirat(here.get(), "a-rather-long-directory-name", 0755) == 0);
    here.reset(::openat(here.get(), "a-rather-long-directory-name", O_PATH | O_DIRECTORY));
    REQUIRE(here.valid());
  }
  REQUIRE(UniqueFd(::openat(here.get(), "file", O_WRONLY | O_CREAT, 0600)).valid());
}

}  // namespace

TEST_CASE("remove_tree: removes files, directories, links and fifos", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_dirs(scratch.dir(), path("t/a/b"));
  make_dirs(scratch.dir(), path("t/empty"));
  write_file_atomically(scratch.dir(), path("t/a/b/f"), "x");
  write_file_atomically(scratch.dir(), path("t/f"), "x");
  REQUIRE(::mkfifoat(scratch.dir().get(), "t/a/fifo", 0600) == 0);
  REQUIRE(::symlinkat("nowhere", scratch.dir().get(), "t/dangling") == 0);
  remove_tree(scratch.dir(), path("t"));
  CHECK(list_dir(scratch.dir()).empty());
}

TEST_CASE("remove_tree: does not follow links", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_dirs(scratch.dir(), path("kept"));
  write_file_atomically(scratch.dir(), path("kept/f"), "x");
  make_dirs(scratch.dir(), path("t"));
  REQUIRE(::symlinkat("../kept", scratch.dir().get(), "t/link") == 0);
  remove_tree(scratch.dir(), path("t"));
  REQUIRE(::symlinkat("kept", scratch.dir().get(), "link") == 0);
  remove_tree(scratch.dir(), path("link"));
  CHECK_FALSE(try_lstat_at(scratch.dir(), path("link")));
  CHECK(read_file_at(scratch.dir(), path("kept/f"), 10) == "x");
}

TEST_CASE("remove_tree: a single file, or nothing at all", "[base]") {
  const TempDir scratch = make_scratch_dir();
  write_file_atomically(scratch.dir(), path("f"), "x");
  remove_tree(scratch.dir(), path("f"));
  CHECK(list_dir(scratch.dir()).empty());
  CHECK_NOTHROW(remove_tree(scratch.dir(), path("f")));
  CHECK_NOTHROW(remove_tree(scratch.dir(), path("none/below")));
}

TEST_CASE("remove_tree: of the root only the content goes", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_dirs(scratch.dir(), path("a/b"));
  write_file_atomically(scratch.dir(), path("f"), "x");
  remove_tree(scratch.dir(), {});
  CHECK(list_dir(scratch.dir()).empty());
}

TEST_CASE("remove_tree: depth needs no descriptors and no long path", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_deep_chain(scratch.dir(), 1000);
  CHECK(ibuild::test::passes_in_fork([&] {
    const rlimit few{32, 32};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return false;
    remove_tree(scratch.dir(), {});
    return list_dir(scratch.dir()).empty();
  }));
}

TEST_CASE("remove_tree: an ordinary user's unreadable directories go as well", "[base]") {
  const TempDir scratch = make_scratch_dir();
  REQUIRE(::fchmod(scratch.dir().get(), 0777) == 0);
  CHECK(ibuild::test::passes_in_fork([&] {
    ibuild::test::become_ordinary_user();
    for (const char* mode : {"t/none", "t/no-write", "t/no-search"}) {
      make_dirs(scratch.dir(), RelPath::exact(mode).join("inner/deeper"));
    }
    const auto restrict_dir = [&](const char* name, mode_t mode) {
      const ParentAt parent(scratch.dir(), path(name));
      return ::fchmodat(parent.fd(), parent.name(), mode, 0) == 0;
    };
    if (!restrict_dir("t/none/inner", 0) || !restrict_dir("t/none", 0) ||
        !restrict_dir("t/no-write", 0500) || !restrict_dir("t/no-search/inner", 0600)) {
      return false;
    }
    remove_tree(scratch.dir(), path("t"));
    return list_dir(scratch.dir()).empty();
  }));
}

TEST_CASE("remove_tree: what may not be removed is an error that names the tree", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_dirs(scratch.dir(), path("t/a"));
  CHECK(ibuild::test::passes_in_fork([&] {
    if (::geteuid() != 0) return true;  // nothing here belongs to anybody else
    ibuild::test::become_ordinary_user();
    try {
      remove_tree(scratch.dir(), path("t"));
      return false;
    } catch (const SystemError& error) {
      return std::string(error.what()).find(scratch.host_path() + "/t") != std::string::npos;
    }
  }));
}
