#include "sandbox/child/keeper/path_walk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/child.h"
#include "base/error.h"
#include "base/files.h"
#include "tests/support/forked.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::sandbox {
namespace {

/// A process that waits with another root and another working directory than ours: <scratch>/root,
/// and work in it. What is beside the root is "outside".
class Waiter {
 public:
  enum class World { same_mounts, own_mounts };
  explicit Waiter(World world) : scratch_(test::make_scratch_dir()) {
    for (const char* dir : {"root/work/sub", "root/etc", "root/proc", "outside/dir"}) {
      base::make_dirs(scratch_.dir(), base::RelPath::exact(dir));
    }
    for (const char* file : {"root/file", "root/work/sub/file", "outside/file"}) {
      base::write_file_atomically(scratch_.dir(), base::RelPath::exact(file), file);
    }
    start(world);
  }
  ~Waiter() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  Task task() const { return {pid_, mounts_}; }
  std::string outside() const { return scratch_.host_path() + "/outside"; }
  void link(const std::string& name, const std::string& text) const {
    const std::string path = "root/" + name;
    REQUIRE(::symlinkat(text.c_str(), scratch_.dir().get(), path.c_str()) == 0);
  }
  /// Path below the scratch directory of what `path` leads to, or the error's name.
  std::string found(const std::string& path, LastLink last = LastLink::follow) const {
    try {
      return place_of(open_for(task(), AT_FDCWD, path, last).get());
    } catch (const base::SystemError& error) {
      return ::strerrorname_np(error.error_number());
    }
  }
  std::string new_place(const std::string& path, std::uint64_t resolve = 0) const {
    try {
      const NewPlace place = find_place_for(task(), AT_FDCWD, path, resolve);
      return place_of(place.dir.get()) + " " + place.name;
    } catch (const base::SystemError& error) {
      return ::strerrorname_np(error.error_number());
    }
  }
  std::string place_behind(const std::string& path) const {
    try {
      const NewPlace place = find_place_behind(task(), AT_FDCWD, path);
      return place_of(place.dir.get()) + " " + place.name;
    } catch (const base::SystemError& error) {
      return ::strerrorname_np(error.error_number());
    }
  }

 private:
  std::string place_of(int fd) const {
    std::string text(4096, '\0');
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t size = ::readlink(link.c_str(), text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    const std::string prefix = scratch_.host_path() + "/";
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  }

  void start(World world) {
    int ready[2];
    REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) wait_inside(world, ready[1]);
    ::close(ready[1]);
    char byte = 0;
    const ssize_t size = ::read(ready[0], &byte, 1);
    ::close(ready[0]);
    REQUIRE(size == 1);
  }

  [[noreturn]] void wait_inside(World world, int ready) const {
    const std::string root = scratch_.host_path() + "/root";
    const std::string proc = root + "/proc";
    bool good = true;
    if (world == World::own_mounts) {
      good = ::unshare(CLONE_NEWNS) == 0 &&
             ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
             ::mount(root.c_str(), root.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
             ::mount("/proc", proc.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
    }
    good = good && ::chroot(root.c_str()) == 0 && ::chdir("/work") == 0;
    if (!good || ::write(ready, "", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }

  base::TempDir scratch_;
  pid_t pid_ = -1;
  mutable StepMounts mounts_;
};

bool can_change_root() { return test::can_run("root", ::geteuid() == 0, "not root"); }

TEST_CASE("path_walk: paths lead where they lead for the one who asks", "[sandbox]") {
  if (!can_change_root()) return;
  const Waiter waiter(Waiter::World::same_mounts);
  CHECK(waiter.found("/file") == "root/file");
  CHECK(waiter.found("sub/file") == "root/work/sub/file");
  CHECK(waiter.found("./sub/../sub//file") == "root/work/sub/file");
  CHECK(waiter.found("../file") == "root/file");
  CHECK(waiter.found("/") == "root");
  CHECK(waiter.found(".") == "root/work");
  CHECK(waiter.found("sub/") == "root/work/sub");
  CHECK(waiter.found("/file/") == "ENOTDIR");
  CHECK(waiter.found("/file/x") == "ENOTDIR");
  CHECK(waiter.found("/file/..") == "ENOTDIR");
  CHECK(waiter.found("/no") == "ENOENT");
  CHECK(waiter.found("") == "ENOENT");
  CHECK(waiter.found(std::string(300, 'a')) == "ENAMETOOLONG");
}

TEST_CASE("path_walk: links are followed within the root, the last one if wanted", "[sandbox]") {
  if (!can_change_root()) return;
  const Waiter waiter(Waiter::World::same_mounts);
  waiter.link("work/relative", "sub/file");
  waiter.link("work/absolute", "/work/sub");
  waiter.link("work/up", "../../../file");
  waiter.link("work/loop", "loop");
  waiter.link("work/nowhere", "no");
  CHECK(waiter.found("relative") == "root/work/sub/file");
  CHECK(waiter.found("absolute/file") == "root/work/sub/file");
  CHECK(waiter.found("/work/absolute/../relative") == "root/work/sub/file");
  CHECK(waiter.found("up") == "root/file");
  CHECK(waiter.found("loop") == "ELOOP");
  CHECK(waiter.found("nowhere") == "ENOENT");
  CHECK(waiter.found("relative", LastLink::stay) == "root/work/relative");
  CHECK(waiter.found("absolute", LastLink::stay) == "root/work/absolute");
  CHECK(waiter.found("absolute/", LastLink::stay) == "root/work/sub");
  CHECK(waiter.found("nowhere", LastLink::stay) == "root/work/nowhere");
}

TEST_CASE("path_walk: no path leads to what is outside the root", "[sandbox]") {
  if (!can_change_root()) return;
  const Waiter waiter(Waiter::World::same_mounts);
  const std::string outside = waiter.outside() + "/file";
  const std::string ups = "../../../../../../../../../../../..";
  waiter.link("work/absolute", outside);
  waiter.link("work/up", ups + outside);
  waiter.link("work/two", "../../outside/file");
  waiter.link("work/dir", ups + waiter.outside());
  waiter.link("work/first", "absolute");
  for (const std::string& path :
       {outside, ups + outside, "/.." + outside, std::string("absolute"), std::string("up"),
        std::string("two"), std::string("dir/file"), std::string("first"),
        std::string("../../outside/file"), std::string("/work/../../outside/file"),
        std::string("sub/../../../outside/file")}) {
    INFO(path);
    CHECK(waiter.found(path) == "ENOENT");
  }
  CHECK(waiter.new_place(waiter.outside() + "/new") == "ENOENT");
  CHECK(waiter.new_place("dir/new") == "ENOENT");
  CHECK(waiter.new_place("../../new") == "root new");
}

TEST_CASE("path_walk: without openat2 the walk alone gives the same", "[sandbox]") {
  if (!can_change_root()) return;
  const Waiter waiter(Waiter::World::same_mounts);
  waiter.link("work/absolute", "/work/sub");
  waiter.link("work/out", waiter.outside() + "/file");
  const auto all = [&] {
    std::vector<std::string> found;
    for (const char* path : {"/file", "sub/file", "../file", "absolute/file", "out", "/file/x",
                             "/file/..", "/no", "../../outside/file", "sub/", "/", "absolute/.."}) {
      found.push_back(waiter.found(path));
    }
    return found;
  };
  const auto expected = all();
  CHECK(test::passes_in_fork([&] {
    test::deny_system_call(SYS_openat2, ENOSYS);
    return all() == expected;
  }));
}

TEST_CASE("path_walk: a place for something new is a directory and a name", "[sandbox]") {
  if (!can_change_root()) return;
  const Waiter waiter(Waiter::World::same_mounts);
  waiter.link("work/dir", "/etc");
  CHECK(waiter.new_place("/new") == "root new");
  CHECK(waiter.new_place("new") == "root/work new");
  CHECK(waiter.new_place("sub/new///") == "root/work/sub new");
  CHECK(waiter.new_place("dir/new") == "root/etc new");
  CHECK(waiter.new_place("dir") == "root/work dir");
  CHECK(waiter.new_place("/file/new") == "ENOTDIR");
  CHECK(waiter.new_place("no/new") == "ENOENT");
  for (const char* path : {"/", "///", ".", "..", "sub/.", "sub/.."}) {
    INFO(path);
    CHECK(waiter.new_place(path) == "EEXIST");
  }
}

TEST_CASE("path_walk: a place behind links is where the last of them leads to", "[sandbox]") {
  if (!can_change_root()) return;
  const Waiter waiter(Waiter::World::same_mounts);
  waiter.link("work/relative", "sub/file");
  waiter.link("work/sub/up", "../relative");
  waiter.link("work/absolute", "/work/sub/up");
  waiter.link("work/round", "round");
  waiter.link("work/nowhere", "no");
  waiter.link("work/out", waiter.outside() + "/file");
  for (const char* path : {"sub/file", "relative", "sub/up", "/work/sub/up", "absolute"}) {
    INFO(path);
    CHECK(waiter.place_behind(path) == "root/work/sub file");
  }
  CHECK(waiter.place_behind("round") == "ELOOP");
  CHECK(waiter.place_behind("nowhere") == "ENOENT");
  CHECK(waiter.place_behind("out") == "ENOENT");
}

TEST_CASE("path_walk: what openat2 is told to keep to is kept to", "[sandbox]") {
  if (!can_change_root()) return;
  const Waiter waiter(Waiter::World::same_mounts);
  waiter.link("work/up", "../etc");
  waiter.link("work/inside", "/sub");
  CHECK(waiter.new_place("sub/new", RESOLVE_BENEATH) == "root/work/sub new");
  CHECK(waiter.new_place("up/new", RESOLVE_BENEATH) == "EXDEV");
  CHECK(waiter.new_place("/sub/new", RESOLVE_BENEATH) == "EXDEV");
  CHECK(waiter.new_place("/sub/new", RESOLVE_IN_ROOT) == "root/work/sub new");
  CHECK(waiter.new_place("inside/new", RESOLVE_IN_ROOT) == "root/work/sub new");
  CHECK(waiter.new_place("inside/new", RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS) == "ELOOP");
  CHECK(waiter.new_place("../../outside/new", RESOLVE_IN_ROOT) == "ENOENT");
  // Would look at our own root.
  CHECK(waiter.new_place("sub/new", RESOLVE_NO_SYMLINKS) == "EXDEV");
}

TEST_CASE("path_walk: /proc shows the one who asks, and no way to another process' files",
          "[sandbox]") {
  if (!can_change_root()) return;
  const Waiter waiter(Waiter::World::own_mounts);
  CHECK(waiter.found("/proc/self/cwd/sub/file") == "root/work/sub/file");
  CHECK(waiter.found("/proc/self/root/file") == "root/file");
  CHECK(waiter.found("/proc/thread-self/cwd/sub") == "root/work/sub");
  // Ours, as one of a helper would be: we may look there, the step may not.
  const std::string ours = "/proc/" + std::to_string(::getpid());
  waiter.link("work/ours", ours + "/root");
  for (const std::string& path : {ours + "/root" + waiter.outside() + "/file", ours + "/root",
                                  ours + "/cwd", "ours" + waiter.outside() + "/file"}) {
    INFO(path);
    CHECK(waiter.found(path) == "EACCES");
  }
  CHECK(waiter.new_place(ours + "/root" + waiter.outside() + "/new") == "EACCES");
  const base::DirFd dir = base::DirFd::open(waiter.outside());
  CHECK(waiter.found(ours + "/fd/" + std::to_string(dir.get()) + "/file") == "EACCES");
}

}  // namespace
}  // namespace ibuild::sandbox
