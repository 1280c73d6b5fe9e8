#include "base/child.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.h"

namespace ibuild::base {

namespace {

ExitStatus to_status(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {info.si_status, 0};
  return {0, info.si_status};
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal == 0) return "exit code " + std::to_string(code);
  std::string text = "killed by signal " + std::to_string(signal);
  if (const char* name = ::sigabbrev_np(signal)) text += " (SIG" + std::string(name) + ")";
  return text;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  send_signal(SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

void Child::send_signal(int signal) const noexcept {
  if (pid_ < 0) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

ExitStatus Child::wait() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0) {
    if (errno != EINTR) throw SystemError("wait for process", std::to_string(pid_));
  }
  pid_ = -1;
  return to_status(info);
}

std::optional<ExitStatus> Child::wait_for(std::chrono::milliseconds timeout) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::max(ceil<milliseconds>(deadline - steady_clock::now()), milliseconds{0});
    pollfd ended{pidfd_.get(), POLLIN, 0};
    const int ready =
        ::poll(&ended, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60000)));
    if (ready > 0) return wait();
    if (ready < 0 && errno != EINTR) throw SystemError("wait for process", std::to_string(pid_));
    if (ready == 0 && left.count() <= 60000) return std::nullopt;
  }
}

}  // namespace ibuild::base
