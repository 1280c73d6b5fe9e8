#include "base/refused_clone.h"

#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "base/child.h"
#include "base/error.h"
#include "tests/support/forked.h"

namespace ibuild::base {
namespace {

TEST_CASE("refused_clone: what is not refused for good needs no hint", "[base]") {
  CHECK(hint_for_refused_clone().empty());
  CHECK(test::passes_in_fork([] {
    test::deny_system_call(SYS_clone3, ENOSYS);
    return hint_for_refused_clone().empty() && run_program({"true"}).status.success();
  }));
}

TEST_CASE("refused_clone: a program that cannot be started for it has the hint", "[base]") {
  CHECK(test::passes_in_fork([] {
    test::deny_system_call(SYS_clone3, EPERM);
    try {
      run_program({"true"});
    } catch (const SystemError& error) {
      return error.hint().find("clone3") != std::string::npos;
    }
    return false;
  }));
}

}  // namespace
}  // namespace ibuild::base
