#include "base/refused_clone.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ibuild::base {

std::string hint_for_refused_clone() {
  // Of arguments that take no room at all nothing is made: EINVAL.
  if (::syscall(SYS_clone3, nullptr, 0) >= 0 || errno != EPERM) return {};
  return "a seccomp filter around ibuild refuses clone3, which it does not know: update the "
         "container's engine (Docker 20.10.10 and libseccomp 2.5 know it), or run the container "
         "with seccomp=unconfined";
}

}  // namespace ibuild::base
