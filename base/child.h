#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace ibuild::base {

/// How a process ended: an exit code, or the signal that killed it.
struct ExitStatus {
  int code = 0;
  int signal = 0;  // 0 when it exited by itself
  bool success() const { return code == 0 && signal == 0; }
  /// "exit code 2" or "killed by signal 9 (SIGKILL)"
  std::string describe() const;
};

/// A child process held by a pidfd. The destructor kills and reaps it.
class Child {
 public:
  Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();
  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  void send_signal(int signal) const noexcept;
  /// Waits for the end and reaps. Only once.
  ExitStatus wait();
  /// No value when `timeout` passes first.
  std::optional<ExitStatus> wait_for(std::chrono::milliseconds timeout);

 private:
  pid_t pid_;
  UniqueFd pidfd_;
};

struct ProgramResult {
  ExitStatus status;
  std::string out;
  std::string err;
};

struct ProgramOptions {
  std::string stdin_text;
  std::vector<std::string> extra_env;  // "K=V", added to ours
  enum class Environment { ours_and_extra, extra_alone };
  Environment environment = Environment::ours_and_extra;
  /// In a process group of its own the helpers that it starts are killed with it on time-out and
  /// stop. The terminal's Ctrl-C does not reach it then: `stop` must.
  enum class Group { ours, own };
  Group group = Group::ours;
  std::uint64_t output_cap_bytes = 1 << 20;
  std::chrono::milliseconds timeout{60000};
  std::stop_token stop = {};
};
/// Runs a helper program found on PATH (no shell) and collects its output.
/// Throws: SystemError when it cannot start, Error on time-out or too much output, CancelledError.
ProgramResult run_program(const std::vector<std::string>& argv, const ProgramOptions& options = {});

/// Starts `argv` (found on PATH) with the given descriptors as 0, 1, 2 and no others, no signal
/// blocked or ignored. Throws: SystemError.
Child spawn_program(const std::vector<std::string>& argv, int in, int out, int err);

}  // namespace ibuild::base
