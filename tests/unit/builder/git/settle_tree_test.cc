#include "builder/git/settle_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/builder/git/git_fixture.h"

using namespace ibuild;
using builder::settle_tree;
using builder::TreeRules;

namespace {

struct Tree {
  base::TempDir dir = test::make_scratch_dir();

  void file(const std::string& path, mode_t mode) {
    base::make_dirs(dir.dir(), base::RelPath::exact(path).parent(), 0700);
    base::write_file_atomically(dir.dir(), base::RelPath::exact(path), "x", mode);
    chmod(path, mode);
  }
  void chmod(const std::string& path, mode_t mode) {
    REQUIRE(::fchmodat(dir.dir().get(), path.c_str(), mode, 0) == 0);
  }
  mode_t mode(const std::string& path) const {
    return base::lstat_at(dir.dir(), base::RelPath::exact(path)).st_mode & 07777;
  }
  std::int64_t mtime(const std::string& path) const {
    return base::lstat_at(dir.dir(), base::RelPath::exact(path)).st_mtim.tv_sec;
  }
};

}  // namespace

TEST_CASE("settle_tree: permissions are those of a umask of 022", "[git]") {
  Tree tree;
  tree.file("a/private", 0600);
  tree.file("a/script", 0700);
  tree.file("a/shared", 0666);
  tree.file("a/b/read-only", 0400);
  tree.chmod("a", 0770);
  settle_tree(tree.dir.dir(), {});
  CHECK(tree.mode("a") == 0755);
  CHECK(tree.mode("a/b") == 0755);
  CHECK(tree.mode("a/private") == 0644);
  CHECK(tree.mode("a/script") == 0755);
  CHECK(tree.mode("a/shared") == 0644);
  CHECK(tree.mode("a/b/read-only") == 0444);
  CHECK(tree.mode("") == 0755);
}

TEST_CASE("settle_tree: links are left alone, and so is what they lead to", "[git]") {
  Tree tree;
  Tree other;
  other.file("secret", 0600);
  const std::string target = other.dir.host_path() + "/secret";
  REQUIRE(::symlinkat(target.c_str(), tree.dir.dir().get(), "link") == 0);
  REQUIRE(::symlinkat(other.dir.host_path().c_str(), tree.dir.dir().get(), "folder") == 0);
  settle_tree(tree.dir.dir(), {.mtime = base::TimePoint(std::chrono::seconds(1000))});
  CHECK(other.mode("secret") == 0600);
  CHECK(other.mtime("secret") != 1000);
  CHECK(tree.mtime("link") == 1000);
}

TEST_CASE("settle_tree: .git goes, as a directory and as a file", "[git]") {
  Tree tree;
  tree.file(".git/HEAD", 0644);
  tree.file("sub/.git", 0644);
  tree.file("sub/.gitignore", 0644);
  settle_tree(tree.dir.dir(), {});
  CHECK_FALSE(test::exists(tree.dir.dir(), ".git"));
  CHECK(test::names_in(tree.dir.dir(), "sub") == std::vector<std::string>{".gitignore"});
}

TEST_CASE("settle_tree: .git stays where it is wanted", "[git]") {
  Tree tree;
  tree.file(".git/HEAD", 0600);
  settle_tree(tree.dir.dir(), {.git_files = TreeRules::GitFiles::kept});
  CHECK(tree.mode(".git/HEAD") == 0644);
}

TEST_CASE("settle_tree: everything gets the time, directories too", "[git]") {
  Tree tree;
  tree.file("a/b/c", 0644);
  settle_tree(tree.dir.dir(), {.mtime = base::TimePoint(std::chrono::seconds(1577934245))});
  for (const char* path : {"", "a", "a/b", "a/b/c"}) CHECK(tree.mtime(path) == 1577934245);
}
