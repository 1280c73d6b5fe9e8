#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>

#include "base/unique_fd.h"

namespace ibuild::registry {

/// Turns a stop request into a readable descriptor, so that a poll(2) wakes up at once. Lives as
/// long as one request.
class StopWaker {
 public:
  explicit StopWaker(std::stop_token stop);
  StopWaker(const StopWaker&) = delete;
  StopWaker& operator=(const StopWaker&) = delete;

  /// -1 when nobody can request a stop.
  int fd() const { return event_.get(); }
  /// Throws: base::CancelledError after a stop request.
  void check() const;

 private:
  std::stop_token stop_;
  base::UniqueFd event_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

/// poll(2) of `fds` (at most 62) until one of them is ready. False when `timeout` passes first.
/// Throws: base::CancelledError, base::SystemError.
bool wait_for_any(std::span<pollfd> fds, std::chrono::milliseconds timeout, const StopWaker& waker);
/// The same for one descriptor; gives its revents, 0 at the time-out.
short wait_for(int fd, short events, std::chrono::milliseconds timeout, const StopWaker& waker);

}  // namespace ibuild::registry
