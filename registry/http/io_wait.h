#pragma once

#include <poll.h>

#include <chrono>
#include <span>

#include "base/stop_waker.h"

namespace ibuild::registry {

using base::StopWaker;

/// poll(2) of `fds` (at most 62) until one of them is ready. False when `timeout` passes first.
/// Throws: base::CancelledError, base::SystemError.
bool wait_for_any(std::span<pollfd> fds, std::chrono::milliseconds timeout, const StopWaker& waker);
/// The same for one descriptor; gives its revents, 0 at the time-out.
short wait_for(int fd, short events, std::chrono::milliseconds timeout, const StopWaker& waker);

}  // namespace ibuild::registry
