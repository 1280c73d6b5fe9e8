#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

#include "base/unique_fd.h"

namespace ibuild::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request; the second one ends the process at once with kCancelled.
/// One at a time in a process. Make it after the program entered its user namespace: it starts a thread.
class SignalWatcher {
 public:
  SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;
  /// Restores the default handling.
  ~SignalWatcher();

  std::stop_token token() const { return stop_.get_token(); }
  /// The signal that came first; 0 for none.
  int received() const { return received_; }

 private:
  void watch();

  std::stop_source stop_;
  std::atomic<int> received_ = 0;
  base::Pipe pipe_;
  std::thread thread_;
};

}  // namespace ibuild::cli
