#include "sandbox/user_namespace.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>

#include "base/child.h"
#include "base/error.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "sandbox/enter_user_namespace.h"
#include "sandbox/id_map.h"
#include "sandbox/sandbox.h"
#include "tests/support/forked.h"
#include "tests/support/mount_table.h"
#include "tests/support/must_run.h"
#include "tests/support/rootless_mode.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::sandbox {
namespace {

const ProfileProbe& row(const std::vector<ProfileProbe>& table, const std::string& profile) {
  for (const ProfileProbe& probe : table) {
    if (probe.profile == profile) return probe;
  }
  FAIL("no row " << profile);
  return table.front();
}

/// Tests that change who they are need root to start from, and this machine's user namespaces.
bool can_become_rootless() {
  if (!test::can_run("root", ::geteuid() == 0 && test::is_real_root(), "not root")) return false;
  const ProfileProbe probe = probe_profile("shared-pids");  // root has no profile `rootless`
  return test::can_run("userns", probe.usable, probe.reason);
}

/// Runs the step tests of this program as somebody else.
void run_steps_as(const std::string& who, PidNamespace pids = PidNamespace::own) {
  base::ProgramOptions options;
  options.extra_env = {"IBUILD_TEST_AS=" + who, "IBUILD_TESTS_MUST_RUN=root,userns"};
  std::string tests = "[step]~[slow]";
  if (pids == PidNamespace::shared) {
    options.extra_env.emplace_back("IBUILD_TEST_PIDS=shared");
    tests += "~[own-pids]";
  }
  options.timeout = std::chrono::minutes(10);
  const base::ProgramResult result = base::run_program({"/proc/self/exe", tests}, options);
  INFO(result.out << result.err);
  CHECK(result.status.success());
  CHECK(result.out.find("All tests passed") != std::string::npos);
}

TEST_CASE("user namespace: steps run as an ordinary user with one id", "[sandbox]") {
  if (can_become_rootless()) run_steps_as("single");
}

TEST_CASE("user namespace: steps run as an ordinary user with id ranges", "[sandbox]") {
  if (!can_become_rootless()) return;
  const bool has_helpers = ::access("/usr/bin/newuidmap", X_OK) == 0;
  if (test::can_run("userns", has_helpers, "package uidmap is not installed")) {
    run_steps_as("ranges");
  }
}

TEST_CASE("user namespace: steps run as root of a container without CAP_SYS_ADMIN", "[sandbox]") {
  if (can_become_rootless()) run_steps_as("container");
}

TEST_CASE("user namespace: steps run where /proc is masked, among the processes around them",
          "[sandbox]") {
  if (!can_become_rootless()) return;
  run_steps_as("single", PidNamespace::shared);
  run_steps_as("container", PidNamespace::shared);
}

TEST_CASE("user namespace: root with CAP_SYS_ADMIN stays where it is", "[sandbox]") {
  if (!test::can_run("root", ::geteuid() == 0 && test::is_real_root(), "not root")) return;
  std::string why_not = "old";
  char name[] = "ibuild";
  char* argv[] = {name, nullptr};
  CHECK(enter_user_namespace(1, argv, why_not) == Privilege::root);
  CHECK(why_not.empty());
}

TEST_CASE("user namespace: a mark that the id map does not bear out is not believed", "[sandbox]") {
  if (!test::is_real_root()) return;
  REQUIRE(::setenv("IBUILD_USERNS", "4711:0:", 1) == 0);
  const uid_t uid = real_uid();
  REQUIRE(::unsetenv("IBUILD_USERNS") == 0);
  CHECK(uid == ::getuid());
}

TEST_CASE("user namespace: a refusal leaves the process as it was, and is explained", "[sandbox]") {
  CHECK(test::passes_in_fork([] {
    test::become_ordinary_user();
    test::deny_system_call(SYS_unshare, EPERM);
    std::string why_not;
    char name[] = "ibuild";
    char* argv[] = {name, nullptr};
    const Privilege reached = enter_user_namespace(1, argv, why_not);
    return reached == Privilege::none && is_identity(own_uid_map()) &&
           why_not.find("make a user namespace: operation not permitted") == 0 &&
           why_not.find("seccomp") != std::string::npos;
  }));
}

TEST_CASE(
    "user namespace: where one at a time is allowed, the one that was tried is not in the way",
    "[sandbox]") {
  if (!can_become_rootless()) return;
  const auto enter = [] {
    // As after a program's start; a change of user has taken /proc/self from us.
    if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return false;
    const UserNamespaceEntry entry = enter_new_user_namespace();
    if (entry.reached != UserNamespaceEntry::Reached::nothing) return true;
    throw base::Error(entry.why_not);
  };
  CHECK(test::passes_in_fork([&] {
    test::become_ordinary_user();
    if (!enter()) return false;
    // The limit of the namespace that we are in now.
    const base::UniqueFd limit(::open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC));
    if (!limit || ::write(limit.get(), "1", 1) != 1) return false;
    for (int times = 0; times < 5; ++times) {
      if (!test::passes_in_fork(enter)) return false;
    }
    return true;
  }));
}

TEST_CASE("user namespace: the words of a refusal name the step and the error", "[sandbox]") {
  CHECK(explain_refusal(UserNamespaceStep::map_ids, EACCES)
            .starts_with("map ids in a new user namespace: permission denied"));
  CHECK(explain_refusal(UserNamespaceStep::mount, EPERM)
            .starts_with("mount in a new user namespace: operation not permitted"));
  CHECK_THAT(explain_refusal(UserNamespaceStep::mount_proc, EPERM),
             Catch::Contains("mount /proc") && Catch::Contains("must not mask paths"));
}

/// The words of a refused mount where /proc/sys/kernel says `value` in the file `name`.
bool refusal_names(const std::string& name, const std::string& value, const std::string& advice) {
  return test::passes_in_fork([&] {
    if (!test::enter_own_mount_namespace()) return false;
    if (::mount("settings", "/proc/sys/kernel", "tmpfs", 0, nullptr) != 0) return false;
    base::write_file_atomically(base::DirFd::open("/proc/sys/kernel"), base::RelPath::exact(name),
                                value + "\n");
    return explain_refusal(UserNamespaceStep::mount, EACCES).find(advice) != std::string::npos;
  });
}

TEST_CASE("user namespace: settings of the machine that forbid it are named", "[sandbox]") {
  if (!test::can_run("root", has_admin_capability(), "not root")) return;
  CHECK(refusal_names("apparmor_restrict_unprivileged_userns", "1",
                      "AppArmor profile with \"userns,\""));
  CHECK(refusal_names("unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"));
  CHECK_FALSE(refusal_names("apparmor_restrict_unprivileged_userns", "0", "AppArmor"));
}

TEST_CASE("profiles: each has a row with a reason, in order", "[sandbox]") {
  const std::vector<ProfileProbe> table = probe_profiles();
  std::vector<std::string> names;
  for (const ProfileProbe& probe : table) {
    names.push_back(probe.profile);
    CHECK_FALSE(probe.reason.empty());
  }
  CHECK(names == std::vector<std::string>{"root", "rootless", "shared-pids", "chroot", "none"});
  CHECK(row(table, "none").usable);
}

TEST_CASE("profiles: root is usable as root", "[sandbox]") {
  if (!test::can_run("root", has_admin_capability() && test::is_real_root(), "not root")) return;
  const std::vector<ProfileProbe> table = probe_profiles();
  CHECK(row(table, "root").usable);
  CHECK(row(table, "chroot").usable);
  CHECK_FALSE(row(table, "rootless").usable);  // --isolation=rootless is refused as well
}

TEST_CASE("profiles: a changed root is tried where the store is", "[sandbox]") {
  if (!test::can_run("root", has_admin_capability() && test::is_real_root(), "not root")) return;
  CHECK(probe_profile("chroot", "/var/tmp/no/store/yet").usable);
  const auto reason_with = [](unsigned long flags, const std::string& words) {
    return test::passes_in_fork([&] {
      if (!test::enter_own_mount_namespace()) return false;
      if (::mount("store", "/tmp", "tmpfs", flags, nullptr) != 0) return false;
      const ProfileProbe probe = probe_profile("chroot", "/tmp/store");
      return !probe.usable && probe.reason.find(words) != std::string::npos &&
             probe_profile("chroot", "/var/tmp").usable;
    });
  };
  CHECK(reason_with(MS_NODEV, "the file system of /tmp is mounted nodev"));
  CHECK(reason_with(MS_NODEV | MS_NOEXEC, "is mounted noexec"));
}

TEST_CASE("profiles: too few open files are told with the limit", "[sandbox]") {
  if (!test::can_run("root", has_admin_capability() && test::is_real_root(), "not root")) return;
  CHECK(test::passes_in_fork([] {
    const rlimit few{40, 40};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return false;
    const std::string words = "40 files open at once (`ulimit -n`)";
    return probe_profile("root").reason.find(words) != std::string::npos &&
           probe_profile("chroot").reason.find(words) != std::string::npos;
  }));
}

TEST_CASE("profiles: a store that nothing can be written to is told", "[sandbox]") {
  if (!test::can_run("root", has_admin_capability() && test::is_real_root(), "not root")) return;
  const ProfileProbe probe = probe_profile("root", "/proc/no/store");
  CHECK_FALSE(probe.usable);
  CHECK_THAT(probe.reason, Catch::Contains("use the store") && Catch::Contains("/proc") &&
                               Catch::Contains("IBUILD_ROOT"));
}

TEST_CASE("profiles: where /proc is masked steps can run, but not as `rootless`", "[sandbox]") {
  if (!can_become_rootless()) return;
  CHECK(test::passes_in_fork([] {
    test::mask_proc();
    test::become_ordinary_user();
    const ProfileProbe rootless = probe_profile("rootless");
    const ProfileProbe shared = probe_profile("shared-pids");
    return !rootless.usable && shared.usable &&
           rootless.reason.find("must not mask paths of /proc") != std::string::npos &&
           shared.reason.find("steps share the processes") != std::string::npos;
  }));
}

TEST_CASE("profiles: the probes leave no mount behind", "[sandbox]") {
  CHECK(test::passes_in_fork([] {
    // Where we may not make a namespace the probes are without rights as well.
    static_cast<void>(test::enter_own_mount_namespace());
    const auto before = test::mounts_here();
    probe_profiles();
    return !test::has_new_mounts(before);
  }));
}

}  // namespace
}  // namespace ibuild::sandbox
