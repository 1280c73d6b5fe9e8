#include "sandbox/call_filter.h"

#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/support/forked.h"

namespace ibuild::sandbox {
namespace {

TEST_CASE("call filter: the service that ibuild runs in is told from other cgroups", "[sandbox]") {
  CHECK(service_of("0::/system.slice/ci.service\n") == "ci.service");
  CHECK(service_of("0::/user.slice/user-7.slice/user@7.service/app.slice/ci@1.service\n") ==
        "ci@1.service");
  CHECK(service_of("3:cpu:/x\n1:name=systemd:/system.slice/ci.service\n0::/\n") == "ci.service");
  for (const char* other :
       {"", "0::/\n", "0::/.service\n", "3:cpu:/ci.service\n",
        "0::/user.slice/user-7.slice/session-1.scope\n", "0::/system.slice/docker-1a.scope\n",
        "0::/user.slice/user-7.slice/user@7.service/app.slice/run-1.scope\n"}) {
    INFO(other);
    CHECK(service_of(other).empty());
  }
}

TEST_CASE("call filter: it is seen", "[sandbox]") {
  CHECK(test::passes_in_fork([] {
    test::deny_system_call(SYS_swapon, EPERM);
    return is_filtered();
  }));
}

}  // namespace
}  // namespace ibuild::sandbox
