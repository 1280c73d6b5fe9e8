#include "base/mount_id.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "base/error.h"
#include "base/fs_at.h"
#include "tests/support/forked.h"

namespace ibuild::base {
namespace {

TEST_CASE("mount_id: files of a mount share it, others have another", "[base]") {
  const DirFd root = DirFd::open("/");
  CHECK(mount_id_of(root.get()) == mount_id_of(AT_FDCWD, "/"));
  CHECK(mount_id_of(root.get()) != mount_id_of(root.get(), "proc"));
}

TEST_CASE("mount_id: an answer that the C library makes up is none", "[base]") {
  CHECK(test::passes_in_fork([] {
    test::deny_system_call(SYS_statx, ENOSYS);
    try {
      mount_id_of(AT_FDCWD, "/");
    } catch (const SystemError& error) {
      return error.error_number() == ENOTSUP;
    }
    return false;
  }));
}

}  // namespace
}  // namespace ibuild::base
