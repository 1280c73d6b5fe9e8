#include "cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace ibuild::cli {

void reserve_standard_streams() noexcept {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one, as those below are taken. Not closed on exec: programs
    // that are started have the same need.
    if (open("/dev/null", O_RDWR) < 0) return;
  }
}

}  // namespace ibuild::cli
