#include "sandbox/mount_points.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "sandbox/sandbox.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::sandbox {
namespace {

/// A root in which all directories have times long past.
class OldRoot {
 public:
  OldRoot() {
    spec.root_fd = root().get();
    spec.resolv_conf = "r";
    spec.hosts = "h";
  }
  const base::DirFd& root() const { return dir_.dir(); }
  base::RelPath path(const std::string& text) const { return base::RelPath::clean(text); }
  void make_dir(const std::string& name) {
    base::make_dirs(root(), path(name));
    for (auto at = path(name); !at.is_root(); at = at.parent()) age(at.str());
    age(".");
  }
  void age(const std::string& name) {
    const std::array<timespec, 2> old = {{{1000, 5}, {1000, 7}}};
    REQUIRE(::utimensat(root().get(), name.c_str(), old.data(), AT_SYMLINK_NOFOLLOW) == 0);
  }
  bool is_old(const std::string& name) {
    const struct stat info = base::lstat_at(root(), path(name));
    return info.st_mtim.tv_sec == 1000 && info.st_mtim.tv_nsec == 7 && info.st_atim.tv_sec == 1000;
  }
  bool exists(const std::string& name) {
    return base::try_lstat_at(root(), path(name)).has_value();
  }
  void add_bind(const std::string& target, bool directory) {
    spec.mounts.push_back(
        {.target = path(target), .source_fd = 0, .source_is_directory = directory});
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& entry : base::list_dir(root())) all.push_back(entry.name);
    return all;
  }

  SandboxSpec spec;

 private:
  base::TempDir dir_ = test::make_scratch_dir();
};

TEST_CASE("mount points: what was made goes away, and times come back", "[sandbox]") {
  OldRoot old;
  for (const char* name : {"etc", "proc", "dev", "sys"}) old.make_dir(name);
  old.age(".");
  old.add_bind("run/secrets/token", false);
  old.add_bind("src", true);
  {
    MountPoints points(old.spec);
    for (const char* name :
         {"etc/hosts", "etc/resolv.conf", "proc", "dev", "sys", "run/secrets/token", "src"}) {
      CHECK(old.exists(name));
    }
    CHECK_FALSE(old.is_old("etc"));
    points.remove();
  }
  CHECK(old.is_old("etc"));
  CHECK(old.is_old("."));
  CHECK(old.names() == std::vector<std::string>{"dev", "etc", "proc", "sys"});
}

TEST_CASE("mount points: /proc, /dev and /sys stay in a root that lacked them", "[sandbox]") {
  OldRoot old;
  old.make_dir("etc");
  MountPoints(old.spec).remove();
  CHECK(old.names() == std::vector<std::string>{"dev", "etc", "proc", "sys"});
  CHECK((base::lstat_at(old.root(), old.path("proc")).st_mode & 07777) == 0755);
}

TEST_CASE("mount points: what is there already stays untouched", "[sandbox]") {
  OldRoot old;
  for (const char* name : {"etc", "proc", "dev", "sys"}) old.make_dir(name);
  base::write_file_atomically(old.root(), old.path("etc/hosts"), "own");
  base::write_file_atomically(old.root(), old.path("etc/resolv.conf"), "");
  old.age("etc");
  old.age(".");
  MountPoints points(old.spec);
  CHECK(old.is_old("etc"));
  points.remove();
  CHECK(old.exists("etc/resolv.conf"));
  CHECK(old.exists("proc"));
  CHECK(old.is_old("."));
}

TEST_CASE("mount points: they get through whatever the umask is", "[sandbox]") {
  OldRoot old;
  old.add_bind("run/secrets/token", false);
  const mode_t before = ::umask(0777);
  MountPoints points(old.spec);
  ::umask(before);
  CHECK((base::lstat_at(old.root(), old.path("run/secrets")).st_mode & 07777) == 0755);
  CHECK((base::lstat_at(old.root(), old.path("run/secrets/token")).st_mode & 07777) == 0644);
}

TEST_CASE("mount points: the destructor removes them as well", "[sandbox]") {
  OldRoot old;
  { MountPoints points(old.spec); }
  CHECK_FALSE(old.exists("etc"));
}

TEST_CASE("mount points: what was made for the step goes when one cannot be made", "[sandbox]") {
  OldRoot old;
  base::write_file_atomically(old.root(), old.path("file"), "x");
  old.add_bind("file/below", true);
  CHECK_THROWS_AS(MountPoints(old.spec), SandboxError);
  CHECK_FALSE(old.exists("etc"));
}

TEST_CASE("mount points: what the step put into or in place of a stub stays", "[sandbox]") {
  OldRoot old;
  old.add_bind("data/in", true);
  old.add_bind("gone", false);
  old.add_bind("filled", false);
  MountPoints points(old.spec);
  base::write_file_atomically(old.root(), old.path("data/result"), "r");
  REQUIRE(::unlinkat(old.root().get(), "gone", 0) == 0);
  base::make_dirs(old.root(), old.path("gone/new"));
  const base::UniqueFd filled(::openat(old.root().get(), "filled", O_WRONLY | O_CLOEXEC));
  REQUIRE(::write(filled.get(), "x", 1) == 1);
  points.remove();
  CHECK(old.exists("data/result"));
  CHECK_FALSE(old.exists("data/in"));
  CHECK(old.exists("gone/new"));
  CHECK(old.exists("filled"));
}

TEST_CASE("mount points: a new file in place of the stub stays, though empty", "[sandbox]") {
  OldRoot old;
  old.add_bind("file", false);
  MountPoints points(old.spec);
  const base::UniqueFd kept(::openat(old.root().get(), "file", O_PATH | O_CLOEXEC));
  REQUIRE(::unlinkat(old.root().get(), "file", 0) == 0);
  REQUIRE(::mknodat(old.root().get(), "file", S_IFREG | 0600, 0) == 0);
  points.remove();
  CHECK(old.exists("file"));
}

TEST_CASE("mount points: a directory that the step changed keeps the step's time", "[sandbox]") {
  OldRoot old;
  old.make_dir("etc");
  MountPoints points(old.spec);
  base::write_file_atomically(old.root(), old.path("etc/passwd"), "root");
  const std::array<timespec, 2> step_time = {{{2000, 0}, {2000, 3}}};
  REQUIRE(::utimensat(old.root().get(), "etc", step_time.data(), 0) == 0);
  points.remove();
  const struct stat info = base::lstat_at(old.root(), old.path("etc"));
  CHECK(info.st_mtim.tv_sec == 2000);
  CHECK(info.st_mtim.tv_nsec == 3);
}

TEST_CASE("mount points: a parent turned into a link leads nobody outside", "[sandbox]") {
  OldRoot old;
  const base::TempDir outside = test::make_scratch_dir();
  base::make_dirs(outside.dir(), base::RelPath::exact("sub"));
  base::write_file_atomically(outside.dir(), base::RelPath::exact("token"), "");
  old.add_bind("run/token", false);
  old.add_bind("run/sub", true);
  MountPoints points(old.spec);
  REQUIRE(::renameat(old.root().get(), "run", old.root().get(), "moved") == 0);
  REQUIRE(::symlinkat(outside.host_path().c_str(), old.root().get(), "run") == 0);
  points.remove();
  CHECK(base::try_lstat_at(outside.dir(), base::RelPath::exact("token")).has_value());
  CHECK(base::try_lstat_at(outside.dir(), base::RelPath::exact("sub")).has_value());
  CHECK_FALSE(old.exists("moved/token"));  // ours, wherever it went
}

TEST_CASE("mount points: links of the image do not lead outside", "[sandbox]") {
  OldRoot old;
  const base::TempDir outside = test::make_scratch_dir();
  REQUIRE(::symlinkat(outside.host_path().c_str(), old.root().get(), "etc") == 0);
  MountPoints points(old.spec);
  CHECK(base::list_dir(outside.dir()).empty());
  const std::string inside = outside.host_path() + "/hosts";
  CHECK(old.exists(inside));
  points.remove();
  CHECK_FALSE(old.exists(outside.host_path()));
  CHECK_FALSE(old.exists("tmp"));
}

TEST_CASE("mount points: what lies below another mount is left to the child", "[sandbox]") {
  OldRoot old;
  old.add_bind("cache/inner", true);  // sorted after its parent
  old.add_bind("cache", true);
  old.add_bind("dev/extra", true);
  MountPoints points(old.spec);
  CHECK(old.exists("cache"));
  CHECK_FALSE(old.exists("cache/inner"));
  CHECK_FALSE(old.exists("dev/extra"));
}

TEST_CASE("mount points: mounts are ordered by depth, else as given", "[sandbox]") {
  OldRoot old;
  for (const char* name : {"a/b/c", "z", "a/b", "y"}) old.add_bind(name, true);
  std::vector<std::string> order;
  for (const MountSpec* mount : mounts_in_order(old.spec)) order.push_back(mount->target.str());
  CHECK(order == std::vector<std::string>{"z", "y", "a/b", "a/b/c"});
}

}  // namespace
}  // namespace ibuild::sandbox
