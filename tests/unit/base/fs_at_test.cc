#include "base/fs_at.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "base/error.h"
#include "base/parent_at.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild::base;
using ibuild::test::make_scratch_dir;

namespace {

RelPath path(std::string_view text) { return RelPath::exact(text); }

}  // namespace

TEST_CASE("fs_at: a directory is shown with the path below it", "[base]") {
  const DirFd root = DirFd::open("/");
  CHECK(root.show(path("etc/x")) == "/etc/x");
  CHECK(root.show({}) == "/");
  const DirFd tmp = DirFd::open("/tmp");
  CHECK(tmp.show(path("a")) == "/tmp/a");
  CHECK(tmp.show({}) == "/tmp");
  CHECK_THROWS_AS(DirFd::open("/nonexistent-directory"), SystemError);
}

TEST_CASE("fs_at: a duplicate lives on its own", "[base]") {
  const TempDir scratch = make_scratch_dir();
  DirFd copy;
  {
    const DirFd first = open_dir_at(scratch.dir(), {});
    copy = first.dup();
  }
  CHECK(copy.valid());
  CHECK(list_dir(copy).empty());
}

TEST_CASE("fs_at: lstat shows the link, not its target", "[base]") {
  const TempDir scratch = make_scratch_dir();
  REQUIRE(::symlinkat("/etc", scratch.dir().get(), "link") == 0);
  CHECK(S_ISLNK(lstat_at(scratch.dir(), path("link")).st_mode));
  CHECK(S_ISDIR(lstat_at(scratch.dir(), {}).st_mode));
  CHECK_FALSE(try_lstat_at(scratch.dir(), path("none")));
  CHECK_FALSE(try_lstat_at(scratch.dir(), path("none/below")));
  CHECK_THROWS_AS(lstat_at(scratch.dir(), path("none")), SystemError);
  CHECK_THROWS_AS(try_lstat_at(scratch.dir(), path("link/passwd")), SystemError);
}

TEST_CASE("fs_at: links are read as they are", "[base]") {
  const TempDir scratch = make_scratch_dir();
  const std::string longest(4095, 'x');
  make_dirs(scratch.dir(), path("d"));
  REQUIRE(::symlinkat("../any thing", scratch.dir().get(), "d/link") == 0);
  REQUIRE(::symlinkat(longest.c_str(), scratch.dir().get(), "long") == 0);
  CHECK(read_link_at(scratch.dir(), path("d/link")) == "../any thing");
  CHECK(read_link_at(scratch.dir(), path("long")) == longest);
  CHECK_THROWS_AS(read_link_at(scratch.dir(), path("d")), SystemError);
}

TEST_CASE("fs_at: a listing is sorted by bytes and has types", "[base]") {
  const TempDir scratch = make_scratch_dir();
  for (const char* name : {"b", "a", "\xff", ".hidden"}) {
    write_file_atomically(scratch.dir(), path(name), "");
  }
  make_dirs(scratch.dir(), path("Z"));
  const auto entries = list_dir(scratch.dir());
  std::vector<std::string> names;
  for (const DirEntry& entry : entries) names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{".hidden", "Z", "a", "b", "\xff"});
  CHECK((entries[1].type == DT_DIR || entries[1].type == DT_UNKNOWN));
  CHECK(entries[1].inode == lstat_at(scratch.dir(), path("Z")).st_ino);
}

TEST_CASE("fs_at: a directory can be listed again", "[base]") {
  const TempDir scratch = make_scratch_dir();
  write_file_atomically(scratch.dir(), path("a"), "");
  CHECK(list_dir(scratch.dir()).size() == 1);
  CHECK(list_dir(scratch.dir()).size() == 1);
  CHECK_THROWS_AS(list_dir(scratch.dir(), path("a")), SystemError);
}

TEST_CASE("fs_at: missing directories are made, present ones left alone", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_dirs(scratch.dir(), path("a/b/c"), 0700);
  CHECK((lstat_at(scratch.dir(), path("a/b/c")).st_mode & 07777) == 0700);
  make_dirs(scratch.dir(), path("a/b/c/d"), 0755);
  CHECK((lstat_at(scratch.dir(), path("a")).st_mode & 07777) == 0700);
  CHECK_NOTHROW(make_dirs(scratch.dir(), {}));
}

TEST_CASE("fs_at: directories are made neither through links nor over files", "[base]") {
  const TempDir scratch = make_scratch_dir();
  write_file_atomically(scratch.dir(), path("file"), "");
  make_dirs(scratch.dir(), path("real"));
  REQUIRE(::symlinkat("real", scratch.dir().get(), "link") == 0);
  CHECK_THROWS_AS(make_dirs(scratch.dir(), path("file/x")), SystemError);
  CHECK_THROWS_AS(make_dirs(scratch.dir(), path("link/x")), SystemError);
  CHECK(list_dir(scratch.dir(), path("real")).empty());
}

TEST_CASE("fs_at: files are read up to a cap", "[base]") {
  const TempDir scratch = make_scratch_dir();
  write_file_atomically(scratch.dir(), path("f"), "12345");
  CHECK(read_file_at(scratch.dir(), path("f"), 5) == "12345");
  CHECK_THROWS_AS(read_file_at(scratch.dir(), path("f"), 4), ContentError);
  CHECK(try_read_file_at(scratch.dir(), path("f"), 5) == "12345");
  CHECK_FALSE(try_read_file_at(scratch.dir(), path("none"), 5));
  CHECK_THROWS_AS(read_file_at(scratch.dir(), path("none"), 5), SystemError);
}

TEST_CASE("fs_at: only regular files are read, and a FIFO does not block", "[base]") {
  const TempDir scratch = make_scratch_dir();
  REQUIRE(::mkfifoat(scratch.dir().get(), "fifo", 0600) == 0);
  CHECK_THROWS_AS(read_file_at(scratch.dir(), path("fifo"), 5), ContentError);
  CHECK_THROWS_AS(read_file_at(scratch.dir(), {}, 5), ContentError);
  CHECK_THROWS_AS(read_host_file("/dev/zero", 5), ContentError);
}

TEST_CASE("fs_at: reading follows links only where asked", "[base]") {
  const TempDir scratch = make_scratch_dir();
  write_file_atomically(scratch.dir(), path("f"), "x");
  REQUIRE(::symlinkat("/f", scratch.dir().get(), "link") == 0);
  CHECK_THROWS_AS(read_file_at(scratch.dir(), path("link"), 5), SystemError);
  CHECK(read_file_at(scratch.dir(), path("link"), 5, Links::follow_in_root) == "x");
}

TEST_CASE("fs_at: links of procfs, which lead anywhere, are never followed", "[base]") {
  const DirFd own = DirFd::open("/proc/self");
  for (const char* name : {"cwd", "root", "fd/0"}) {
    for (const Links links : {Links::refuse, Links::follow_in_root}) {
      int error_number = 0;
      try {
        open_at(own, path(name), O_PATH, 0, links);
      } catch (const SystemError& error) {
        error_number = error.error_number();
      }
      // What says so is asked for: that a confined walk refuses them too (EXDEV) may change.
      CHECK(error_number == ELOOP);
    }
  }
}

TEST_CASE("fs_at: extended attributes are sorted by name", "[base]") {
  const TempDir scratch = make_scratch_dir();
  const UniqueFd fd = open_at(scratch.dir(), path("f"), O_RDWR | O_CREAT, 0600);
  CHECK(list_xattrs(fd.get(), "f").empty());
  using namespace std::string_literals;
  const std::string binary = "\0\xff"s;
  if (::fsetxattr(fd.get(), "user.b", binary.data(), binary.size(), 0) != 0) {
    REQUIRE(errno == ENOTSUP);  // a file system without user attributes, such as an older tmpfs
    return;
  }
  REQUIRE(::fsetxattr(fd.get(), "user.a", "1", 1, 0) == 0);
  REQUIRE(::fsetxattr(fd.get(), "user.empty", "", 0, 0) == 0);
  const std::vector<Xattr> expected = {{"user.a", "1"}, {"user.b", binary}, {"user.empty", ""}};
  CHECK(list_xattrs(fd.get(), "f") == expected);
}

TEST_CASE("fs_at: extended attributes of a bad descriptor are an error", "[base]") {
  CHECK_THROWS_AS(list_xattrs(-1, "nothing"), SystemError);
}

TEST_CASE("fs_at: host directories are made with their parents", "[base]") {
  const TempDir scratch = make_scratch_dir();
  const std::string deep = scratch.host_path() + "/x//y/z";
  make_host_dirs(deep, 0700);
  make_host_dirs(deep + "/", 0700);
  CHECK(try_lstat_at(scratch.dir(), path("x/y/z")).has_value());
  write_file_atomically(scratch.dir(), path("file"), "");
  CHECK_THROWS_AS(make_host_dirs(scratch.host_path() + "/file/x"), SystemError);
  CHECK_THROWS_AS(make_host_dirs(scratch.host_path() + "/file"), SystemError);
}

TEST_CASE("fs_at: host files follow links and may be missing", "[base]") {
  const TempDir scratch = make_scratch_dir();
  write_file_atomically(scratch.dir(), path("f"), "text");
  REQUIRE(::symlinkat("f", scratch.dir().get(), "link") == 0);
  CHECK(read_host_file(scratch.host_path() + "/link", 100) == "text");
  CHECK_FALSE(try_read_host_file(scratch.host_path() + "/none", 100));
  CHECK_FALSE(try_read_host_file(scratch.host_path() + "/f/x", 100));
  CHECK_THROWS_AS(read_host_file(scratch.host_path() + "/none", 100), SystemError);
}

TEST_CASE("fs_at: a file of a process that ends while it is read is none", "[base]") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const std::string path = "/proc/" + std::to_string(child) + "/stat";
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(fd);
  CHECK(try_read_host_file(path, 4096));
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(try_read_host_file(path, 4096));
  // Opened before it ended, read afterwards:
  CHECK_FALSE(try_read_host_file("/proc/self/fd/" + std::to_string(fd.get()), 4096));
}

TEST_CASE("parent_at: names the place where a name would be", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_dirs(scratch.dir(), path("a/b"));
  const ParentAt parent(scratch.dir(), path("a/b/new"));
  CHECK(std::string(parent.name()) == "new");
  REQUIRE(::mkdirat(parent.fd(), parent.name(), 0755) == 0);
  CHECK(try_lstat_at(scratch.dir(), path("a/b/new")).has_value());
  CHECK(std::string(ParentAt(scratch.dir(), {}).name()) == ".");
  CHECK_FALSE(ParentAt::try_open(scratch.dir(), path("none/x")).has_value());
  CHECK_THROWS_AS(ParentAt(scratch.dir(), path("none/x")), SystemError);
}
