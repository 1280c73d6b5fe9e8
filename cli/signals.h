#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

#include "base/synchronized.h"
#include "base/unique_fd.h"

namespace ibuild::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request; the second one ends the process at once
/// with kCancelled. While signals are forwarded to another process, only the third SIGINT or
/// SIGTERM is a stop request. One at a time in a process. Make it after the program entered its
/// user namespace: it starts a thread.
class SignalWatcher {
 public:
  SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;
  /// Restores the default handling.
  ~SignalWatcher();

  std::stop_token token() const { return stop_.get_token(); }

  /// From now on signals, also SIGQUIT, SIGUSR1 and SIGUSR2, go to this process. Thread: any.
  /// Throws: SystemError.
  void forward_to(int pidfd);

 private:
  void watch();
  void on_signal(int signal);
  bool forward(int signal);

  std::stop_source stop_;
  base::Synchronized<base::UniqueFd> target_;
  int impatience_ = 0;  // SIGINT and SIGTERM forwarded so far; the watcher's own
  base::Pipe pipe_;
  std::thread thread_;
};

}  // namespace ibuild::cli
