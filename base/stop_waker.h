#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "base/unique_fd.h"

namespace ibuild::base {

/// Turns a stop request into a readable descriptor, so that a poll(2) wakes up at once.
class StopWaker {
 public:
  explicit StopWaker(std::stop_token stop);
  StopWaker(const StopWaker&) = delete;
  StopWaker& operator=(const StopWaker&) = delete;

  /// -1 when nobody can request a stop.
  int fd() const { return event_.get(); }
  /// Throws: CancelledError after a stop request.
  void check() const;
  /// Blocks until `fd` is ready for `events` (poll(2)), or is broken, which the next call on it
  /// tells. Throws: CancelledError, SystemError.
  void wait_for(int fd, short events) const;
  /// Blocks for so long. Throws: CancelledError, SystemError.
  void pause(std::chrono::milliseconds time) const;

 private:
  std::stop_token stop_;
  UniqueFd event_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace ibuild::base
