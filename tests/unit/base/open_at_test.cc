// open_at and its fallback obey the same rules: each case runs through both.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/open_walk.h"
#include "tests/support/forked.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild::base;

namespace {

/// A tree with links of all kinds, below a directory that is the root to stay in.
class LinkTree {
 public:
  LinkTree() : scratch_(ibuild::test::make_scratch_dir()) {
    write_file_atomically(scratch_.dir(), RelPath::exact("outside"), "secret");
    make_dirs(scratch_.dir(), RelPath::exact("root/dir/deep"));
    root_ = open_dir_at(scratch_.dir(), RelPath::exact("root"));
    write_file_atomically(root_, RelPath::exact("file"), "file");
    write_file_atomically(root_, RelPath::exact("dir/inner"), "inner");
    write_file_atomically(root_, RelPath::exact("outside"), "the root's own");
    link("file", "to-file");
    link("dir", "to-dir");
    link("dir/", "to-dir-slash");
    link("/dir/inner", "absolute");
    link("../../outside", "climbs");
    link("../to-file", "dir/back");
    link("deep/..", "dir/here");
    link("/", "to-root");
    link("nowhere", "dangling");
    link("/new-by-link", "dangling-absolute");
    link("file/", "file-as-dir");
    link("loop-b", "loop-a");
    link("loop-a", "loop-b");
  }
  const DirFd& root() const { return root_; }

 private:
  void link(const char* target, const char* name) const {
    REQUIRE(::symlinkat(target, root_.get(), name) == 0);
  }
  TempDir scratch_;
  DirFd root_;
};

using Open = UniqueFd (*)(const DirFd&, const char*, int, Links);

/// errno of the failure is left set, as the walk does.
UniqueFd open_by_kernel(const DirFd& dir, const char* path, int flags, Links links) {
  try {
    return open_at(dir, RelPath::exact(path), flags, 0644, links);
  } catch (const SystemError& error) {
    errno = error.error_number();
    return {};
  }
}

UniqueFd open_by_steps(const DirFd& dir, const char* path, int flags, Links links) {
  return open_by_walk(dir.get(), RelPath::exact(path), flags, 0644, links);
}

Open any_open() { return GENERATE(&open_by_kernel, &open_by_steps); }

std::string content_of(const UniqueFd& fd) {
  if (!fd) return "errno " + std::to_string(errno);
  FdSource source(fd.get());
  return read_all(source, 1 << 16, "test file");
}

std::string failed_with(int error_number) { return "errno " + std::to_string(error_number); }

ino_t inode_of(int fd) {
  struct stat info {};
  REQUIRE(::fstat(fd, &info) == 0);
  return info.st_ino;
}

}  // namespace

TEST_CASE("open_at: opens plain files and directories", "[base]") {
  const LinkTree tree;
  const Open open = any_open();
  const Links links = GENERATE(Links::refuse, Links::follow_in_root);
  CHECK(content_of(open(tree.root(), "file", O_RDONLY, links)) == "file");
  CHECK(content_of(open(tree.root(), "dir/inner", O_RDONLY, links)) == "inner");
  CHECK(open(tree.root(), "dir/deep", O_RDONLY | O_DIRECTORY, links).valid());
  const UniqueFd self = open(tree.root(), "", O_PATH | O_DIRECTORY, links);
  REQUIRE(self.valid());
  CHECK(inode_of(self.get()) == inode_of(tree.root().get()));
}

TEST_CASE("open_at: a link in any place is refused", "[base]") {
  const LinkTree tree;
  const Open open = any_open();
  const char* path = GENERATE("to-file", "to-dir/inner", "absolute", "climbs", "dir/back",
                              "dir/here/inner", "to-root/file", "dangling", "loop-a");
  CHECK(content_of(open(tree.root(), path, O_RDONLY, Links::refuse)) == failed_with(ELOOP));
  const int flags = GENERATE(O_PATH, O_RDONLY | O_DIRECTORY, O_WRONLY | O_CREAT);
  errno = 0;
  CHECK_FALSE(open(tree.root(), path, flags, Links::refuse).valid());
}

TEST_CASE("open_at: a last link itself can be opened as a place", "[base]") {
  const LinkTree tree;
  const Open open = any_open();
  const Links links = GENERATE(Links::refuse, Links::follow_in_root);
  const UniqueFd fd = open(tree.root(), "to-file", O_PATH | O_NOFOLLOW, links);
  REQUIRE(fd.valid());
  struct stat info {};
  REQUIRE(::fstat(fd.get(), &info) == 0);
  CHECK(S_ISLNK(info.st_mode));
}

TEST_CASE("open_at: links are followed with the directory as root", "[base]") {
  const LinkTree tree;
  const Open open = any_open();
  struct Case {
    const char* path;
    const char* content;
  };
  const auto c = GENERATE(
      Case{"to-file", "file"}, Case{"to-dir/inner", "inner"}, Case{"to-dir-slash/inner", "inner"},
      Case{"absolute", "inner"}, Case{"dir/back", "file"}, Case{"dir/here/inner", "inner"},
      Case{"to-root/dir/inner", "inner"},
      // It climbs above the root and stays there, so it cannot reach the secret.
      Case{"climbs", "the root's own"});
  CHECK(content_of(open(tree.root(), c.path, O_RDONLY, Links::follow_in_root)) == c.content);
}

TEST_CASE("open_at: failures of the way are told apart", "[base]") {
  const LinkTree tree;
  const Open open = any_open();
  const Links in_root = Links::follow_in_root;
  CHECK(content_of(open(tree.root(), "none", O_RDONLY, in_root)) == failed_with(ENOENT));
  CHECK(content_of(open(tree.root(), "none/x", O_RDONLY, in_root)) == failed_with(ENOENT));
  CHECK(content_of(open(tree.root(), "file/x", O_RDONLY, in_root)) == failed_with(ENOTDIR));
  CHECK(content_of(open(tree.root(), "dangling", O_RDONLY, in_root)) == failed_with(ENOENT));
  CHECK(content_of(open(tree.root(), "loop-a", O_RDONLY, in_root)) == failed_with(ELOOP));
  CHECK(content_of(open(tree.root(), "file-as-dir", O_RDONLY, in_root)) == failed_with(ENOTDIR));
  CHECK(content_of(open(tree.root(), "file", O_RDONLY | O_DIRECTORY, in_root)) ==
        failed_with(ENOTDIR));
  CHECK(content_of(open(tree.root(), "to-file", O_RDONLY | O_NOFOLLOW, in_root)) ==
        failed_with(ELOOP));
}

TEST_CASE("open_at: files are made below the root only", "[base]") {
  const LinkTree tree;
  const Open open = any_open();
  constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL;
  CHECK(open(tree.root(), "dir/new", kNew, Links::refuse).valid());
  CHECK(content_of(open(tree.root(), "dir/new", kNew, Links::refuse)) == failed_with(EEXIST));
  CHECK(content_of(open(tree.root(), "dangling", kNew, Links::follow_in_root)) ==
        failed_with(EEXIST));
  REQUIRE(
      open(tree.root(), "dangling-absolute", O_WRONLY | O_CREAT, Links::follow_in_root).valid());
  CHECK(try_lstat_at(tree.root(), RelPath::exact("new-by-link")).has_value());
}

TEST_CASE("open_at: descriptors are close-on-exec", "[base]") {
  const LinkTree tree;
  const UniqueFd fd = any_open()(tree.root(), "file", O_RDONLY, Links::refuse);
  CHECK((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("open_at: a kernel or filter without openat2 makes no difference", "[base]") {
  const LinkTree tree;
  const int answer = GENERATE(ENOSYS, EPERM);
  CHECK(ibuild::test::passes_in_fork([&] {
    ibuild::test::deny_system_call(SYS_openat2, answer);
    return content_of(open_by_kernel(tree.root(), "climbs", O_RDONLY, Links::follow_in_root)) ==
               "the root's own" &&
           content_of(open_by_kernel(tree.root(), "to-file", O_RDONLY, Links::refuse)) ==
               failed_with(ELOOP) &&
           content_of(open_by_kernel(tree.root(), "dir/inner", O_RDONLY, Links::refuse)) == "inner";
  }));
}

TEST_CASE("open_at: a magic link of procfs leads nowhere", "[base]") {
  const DirFd proc = DirFd::open("/proc/self");
  CHECK(content_of(open_by_kernel(proc, "root/etc", O_RDONLY, Links::follow_in_root)) ==
        failed_with(ELOOP));
  // The walk reads it as text: "/" is the directory itself.
  CHECK(content_of(open_by_steps(proc, "root/etc", O_RDONLY, Links::follow_in_root)) ==
        failed_with(ENOENT));
}

TEST_CASE("open_at: errors show the path below the directory's name", "[base]") {
  const LinkTree tree;
  const DirFd named(UniqueFd(::dup(tree.root().get())), "/shown");
  CHECK_THROWS_WITH(open_at(named, RelPath::exact("a/b"), O_RDONLY),
                    "open /shown/a/b: no such file or directory");
}

TEST_CASE("open_at: try_open_at has no value for what is not there", "[base]") {
  const LinkTree tree;
  CHECK(try_open_at(tree.root(), RelPath::exact("file"), O_RDONLY).has_value());
  CHECK_FALSE(try_open_at(tree.root(), RelPath::exact("none"), O_RDONLY).has_value());
  CHECK_FALSE(try_open_at(tree.root(), RelPath::exact("file/x"), O_RDONLY).has_value());
  CHECK_THROWS_AS(try_open_at(tree.root(), RelPath::exact("to-file"), O_RDONLY), SystemError);
}
