#pragma once

#include <sys/types.h>

namespace ibuild::sandbox {

/// Waits for the end of a process that this one forked, and reaps it. Its exit code; ECHILD when it
/// did not exit by itself. Any thread. See: waitpid(2).
int exit_code_of(pid_t child) noexcept;
/// The same for the signal that ended it; 0 when it exited by itself.
int signal_that_ended(pid_t child) noexcept;

}  // namespace ibuild::sandbox
