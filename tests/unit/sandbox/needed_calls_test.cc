#include "sandbox/needed_calls.h"

#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "sandbox/enter_user_namespace.h"
#include "tests/support/forked.h"
#include "tests/support/must_run.h"

namespace ibuild::sandbox {
namespace {

TEST_CASE("needed_calls: nothing is missing where steps run", "[sandbox]") {
  if (!test::can_run("root", has_admin_capability(), "not root")) return;
  CHECK(why_calls_are_missing().empty());
}

TEST_CASE("needed_calls: each that is missing is named", "[sandbox]") {
  if (!test::can_run("root", has_admin_capability(), "not root")) return;
  CHECK(test::passes_in_fork([] {
    test::deny_system_call(SYS_fsopen, ENOSYS);
    test::deny_system_call(SYS_mount_setattr, ENOSYS);
    return why_calls_are_missing().starts_with(
        "use system calls (fsopen, mount_setattr): function not implemented; ");
  }));
  CHECK(test::passes_in_fork([] {
    test::deny_system_call(SYS_statx, EPERM);
    return why_calls_are_missing().starts_with("use system calls (statx): operation not permitted");
  }));
}

TEST_CASE("needed_calls: those that a filter ends their caller for are named", "[sandbox]") {
  CHECK(why_calls_of_changed_root_end_us().empty());
  CHECK(test::passes_in_fork([] {
    for (const long call : {SYS_fsopen, SYS_chroot, SYS_mount}) test::end_at_system_call(call);
    const std::string words = "): who makes them is ended (SIGSYS); a seccomp filter is in force";
    return why_calls_end_us().starts_with("use system calls (fsopen, mount, chroot" + words) &&
           why_calls_of_changed_root_end_us().starts_with("use system calls (chroot" + words);
  }));
}

}  // namespace
}  // namespace ibuild::sandbox
