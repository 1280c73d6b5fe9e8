#include "sandbox/forked_child.h"

#include <sys/wait.h>

#include <cerrno>

namespace ibuild::sandbox {

int exit_code_of(pid_t child) noexcept {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

}  // namespace ibuild::sandbox
