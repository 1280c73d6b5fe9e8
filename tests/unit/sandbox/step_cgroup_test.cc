// Cgroups of version 2, on files in their place; what a kernel makes of them: step_limits_test.cc.
#include "sandbox/child/step_cgroup.h"

#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "sandbox/enter_user_namespace.h"
#include "sandbox/sandbox.h"
#include "tests/support/forked.h"
#include "tests/support/mount_table.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::sandbox {
namespace {

/// The hierarchy of a session: "" > "user" > "user/session", where this process is.
class Hierarchy {
 public:
  Hierarchy() {
    for (const char* dir : {"", "user", "user/session"}) add(dir);
  }
  void make_dir(const std::string& dir) { base::make_dirs(root_.dir(), base::RelPath::exact(dir)); }
  bool has(const std::string& dir) const { return ::access(path("/" + dir).c_str(), F_OK) == 0; }
  void add(const std::string& dir) {
    if (!dir.empty()) make_dir(dir);
    const std::string prefix = dir.empty() ? "" : dir + "/";
    set(prefix + "cgroup.controllers", "cpu memory\n");
    set(prefix + "cgroup.subtree_control", "\n");
  }
  void set(const std::string& file, const std::string& text) {
    base::write_file_atomically(root_.dir(), base::RelPath::exact(file), text);
  }
  std::string get(const std::string& file) const {
    return base::read_file_at(root_.dir(), base::RelPath::exact(file), 4096);
  }
  CgroupView view() const {
    return {"1 2 0:3 / " + root_.host_path() + " rw - cgroup2 cgroup2 rw\n", "0::" + own + "\n"};
  }
  std::string path(const std::string& name) const { return root_.host_path() + name; }
  /// What making a step's cgroup fails with: it always does, as no kernel fills it with files.
  SandboxError failure_of(const ResourceLimits& limits) const {
    try {
      const StepCgroup cgroup(limits, 77, view());
    } catch (const SandboxError& error) {
      CHECK(error.phase() == "limit resources");
      CHECK_FALSE(error.hint().empty());
      return error;
    }
    return {"nothing", "nothing"};
  }
  std::string error_of(const ResourceLimits& limits) const { return failure_of(limits).detail(); }
  bool is_clean() const {
    for (const char* dir : {"", "user", "user/session"}) {
      for (const auto& entry : base::list_dir(root_.dir(), base::RelPath::clean(dir))) {
        if (entry.name.starts_with("ibuild") || entry.name == "chosen") return false;
      }
    }
    return true;
  }

  std::string own = "/user/session";

 private:
  base::TempDir root_ = test::make_scratch_dir();
};

TEST_CASE("cgroup v2: the step's lies below ours where that may have children", "[sandbox]") {
  const Hierarchy h;
  CHECK(h.error_of({.memory_bytes = 5}) ==
        "the kernel offers no memory.max in " + h.path("/user/session/ibuild-77"));
  CHECK(h.get("user/session/cgroup.subtree_control") == "+memory");
  CHECK(h.get("user/cgroup.subtree_control") == "\n");
  CHECK(h.is_clean());
}

TEST_CASE("cgroup v2: else below the nearest one above", "[sandbox]") {
  Hierarchy h;
  h.set("user/session/cgroup.controllers", "memory\n");
  h.set("user/cgroup.subtree_control", "memory cpu\n");
  CHECK(h.error_of({.cpu_quota_us = 1000}) ==
        "the kernel offers no cpu.max in " + h.path("/user/ibuild-77"));
  CHECK(h.get("user/cgroup.subtree_control") == "memory cpu\n");  // had it before
  CHECK(h.is_clean());
}

TEST_CASE("cgroup v2: one that holds processes hands nothing on, though the kernel would let it",
          "[sandbox]") {
  Hierarchy h;
  std::string why;
  SECTION("processes") {
    h.set("user/session/cgroup.type", "domain\n");
    h.set("user/session/cgroup.procs", "12\n13\n");
    why = "holds processes and can hand no controllers on";
  }
  SECTION("threads") {
    h.set("user/session/cgroup.type", "domain threaded\n");
    why = "is a cgroup for threads (domain threaded)";
  }
  CHECK(h.error_of({.cpu_shares = 512}) ==
        "the kernel offers no cpu.weight in " + h.path("/user/ibuild-77"));
  CHECK(h.get("user/session/cgroup.subtree_control") == "\n");
  CHECK(h.error_of({.cpu_shares = 512, .cgroup_parent = "/user/session"}) ==
        h.path("/user/session") + " " + why);
  CHECK(h.is_clean());
}

TEST_CASE("cgroup v2: one that only hands controllers on is taken", "[sandbox]") {
  Hierarchy h;
  h.set("user/session/cgroup.type", "domain\n");
  h.set("user/session/cgroup.procs", "\n");
  CHECK(h.error_of({.cpu_shares = 512}) ==
        "the kernel offers no cpu.weight in " + h.path("/user/session/ibuild-77"));
}

TEST_CASE("cgroup v2: a controller that is nowhere is named with every place", "[sandbox]") {
  const Hierarchy h;
  const std::string error = h.error_of({.cpuset_cpus = "0"});
  for (const char* dir : {"/user/session", "/user", ""}) {
    CHECK_THAT(error, Catch::Contains(h.path(dir) + " has no controller cpuset"));
  }
  CHECK(h.is_clean());
}

TEST_CASE("cgroup v2: what systemd gives no user is told with what its administrator can do",
          "[sandbox]") {
  Hierarchy h;
  h.add("user/user@7.service");
  h.add("user/user@7.service/app.slice");
  h.own = "/user/user@7.service/app.slice";
  const SandboxError error = h.failure_of({.memory_bytes = 5, .cpuset_cpus = "0"});
  CHECK(error.detail().starts_with("no cgroup for limits of memory, cpuset: "));
  CHECK(error.hint().starts_with("systemd lets users of this machine have no cpuset; "));
  CHECK_THAT(h.failure_of({.cpu_quota_us = 1000}).hint(), Catch::Contains("run it as root"));
  CHECK(h.is_clean());
}

TEST_CASE("cgroup v2: of one that is delegated to a service with processes in it, that is told",
          "[sandbox]") {
  Hierarchy h;
  for (const char* dir : {"", "user/"}) h.set(std::string(dir) + "cgroup.controllers", "\n");
  h.set("user/session/cgroup.type", "domain\n");
  h.set("user/session/cgroup.procs", "12\n");
  const SandboxError error = h.failure_of({.memory_bytes = 5});
  CHECK_THAT(error.detail(), Catch::Contains("holds processes"));
  CHECK_THAT(error.hint(), Catch::Contains(h.path("/user/session") + " is for ibuild to divide") &&
                               Catch::Contains("DelegateSubgroup="));
  CHECK_THAT(h.failure_of({.cpuset_cpus = "0"}).hint(), Catch::Contains("run it as root"));
  CHECK(h.is_clean());
}

TEST_CASE("cgroup v2: of a hierarchy that is mounted read-only, that is told", "[sandbox]") {
  if (!test::can_run("root", has_admin_capability(), "not root")) return;
  CHECK(test::passes_in_fork([] {
    const Hierarchy h;
    if (!test::enter_own_mount_namespace()) return false;
    const std::string path = h.path("");
    if (::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(nullptr, path.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
      return false;
    }
    const std::string hint = h.failure_of({.memory_bytes = 5}).hint();
    ::umount2(path.c_str(), MNT_DETACH);
    return hint.find("ProtectControlGroups=yes") != std::string::npos;
  }));
}

TEST_CASE("cgroup v2: what a killed ibuild left behind is removed, and nothing else", "[sandbox]") {
  Hierarchy h;
  const std::string living = "user/ibuild-" + std::to_string(::getpid());
  for (const std::string& dir : {living, std::string("user/ibuild-4194305"),
                                 std::string("user/ibuild-x"), std::string("user/other")}) {
    h.make_dir(dir);
  }
  h.set("user/session/cgroup.controllers", "\n");
  static_cast<void>(h.error_of({.memory_bytes = 5}));
  CHECK(h.has(living));
  CHECK(h.has("user/ibuild-x"));
  CHECK(h.has("user/other"));
  CHECK_FALSE(h.has("user/ibuild-4194305"));  // more than any kernel's pid_max
}

TEST_CASE("cgroup v2: a chosen parent is the only one, and gets its controllers from the top",
          "[sandbox]") {
  const Hierarchy h;
  CHECK(h.error_of({.memory_bytes = 5, .cgroup_parent = "/user/chosen"}) ==
        h.path("/user/chosen") + " has no controller memory");  // no kernel handed it down
  CHECK(h.get("cgroup.subtree_control") == "+memory");
  CHECK(h.get("user/cgroup.subtree_control") == "+memory");
  CHECK(h.is_clean());
}

TEST_CASE("cgroup v2: a parent alone is enough, and hands no controllers on", "[sandbox]") {
  const Hierarchy h;
  {
    const StepCgroup cgroup({.cgroup_parent = "/user/chosen"}, 77, h.view());
    CHECK(base::list_dir(base::DirFd::open(h.path("/user/chosen")), {}).size() == 1);
    CHECK(h.get("user/cgroup.subtree_control") == "\n");
  }
  CHECK(h.is_clean());
  CHECK_THROWS_WITH(StepCgroup({.cgroup_parent = "/x"}, 77, {"", ""}),
                    Catch::Contains("no cgroup hierarchy"));
}

TEST_CASE("cgroup: without a hierarchy the controller is named", "[sandbox]") {
  CHECK_THROWS_WITH(StepCgroup({.memory_bytes = 5}, 77, {"", ""}),
                    Catch::Contains("controller memory"));
}

TEST_CASE("out of memory: kills are counted from the beginning", "[sandbox]") {
  Hierarchy h;
  h.set("events", "low 0\noom 7\noom_kill 2\n");
  const OomCounter counter(h.path("/events"), "oom_kill");
  CHECK_FALSE(counter.has_grown());
  h.set("events", "low 0\noom 9\noom_kill 3\n");
  CHECK(counter.has_grown());
  CHECK_FALSE(OomCounter(h.path("/none"), "oom_kill").has_grown());
}

}  // namespace
}  // namespace ibuild::sandbox
