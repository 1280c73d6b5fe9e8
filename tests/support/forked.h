#pragma once

#include <functional>

namespace ibuild::test {

/// Runs `body` in a forked child, so that it may change what belongs to the whole process (user,
/// seccomp filter). True when it returned true; what it throws is shown on stderr.
[[nodiscard]] bool passes_in_fork(const std::function<bool()>& body);

/// Lets the calling process go on as user and group 65534 when it is root. For passes_in_fork.
void become_ordinary_user();

/// Makes a system call fail with `error_number` in this process from now on. For passes_in_fork.
void deny_system_call(long number, int error_number);
/// Makes it end this process (SIGSYS), as filters of systemd units do.
void end_at_system_call(long number);

}  // namespace ibuild::test
