#include "sandbox/forked_child.h"

#include <sys/wait.h>

#include <cerrno>

namespace ibuild::sandbox {

namespace {

int status_of(pid_t child) noexcept {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

int exit_code_of(pid_t child) noexcept {
  const int status = status_of(child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

int signal_that_ended(pid_t child) noexcept {
  const int status = status_of(child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace ibuild::sandbox
