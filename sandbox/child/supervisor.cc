#include "sandbox/child/supervisor.h"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <optional>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/scope_exit.h"
#include "sandbox/child/descendants.h"
#include "sandbox/child/report.h"
#include "sandbox/child/step_process.h"
#include "sandbox/fail.h"
#include "sandbox/launcher.h"
#include "sandbox/wire.h"

namespace ibuild::sandbox {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kGrace{2000};  // from SIGTERM to SIGKILL
constexpr std::string_view kPhase = "supervise";

/// True when `pid` has a handler for SIGTERM. As pid 1 of its namespace it does not get the signal
/// else.
bool handles_sigterm(pid_t pid) {
  const auto status =
      base::try_read_host_file("/proc/" + std::to_string(pid) + "/status", 64 << 10);
  if (!status) return false;
  constexpr std::string_view kField = "\nSigCgt:\t";
  const std::size_t start = status->find(kField);
  if (start == std::string::npos) return true;  // not to be known: be patient
  std::uint64_t caught = 0;
  const char* digits = status->data() + start + kField.size();
  std::from_chars(digits, status->data() + status->size(), caught, 16);
  return (caught >> (SIGTERM - 1) & 1) != 0;
}

class Supervisor {
 public:
  Supervisor(Channel& life, pid_t pid, Confinement confinement)
      : life_(life), pid_(pid), has_pid_namespace_(confinement == Confinement::namespaces) {
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd_) fail_with_errno(kPhase, "open pidfd");
    const int fd = pidfd_.get();
    life_.send({&message::kPid, 1}, {&fd, 1});
  }

  void wait_for_end() {
    for (;;) {
      std::array<pollfd, 2> events = {
          {{pidfd_.get(), POLLIN, 0}, {killed_ ? -1 : life_.fd(), POLLIN, 0}}};
      const int ready = ::poll(events.data(), events.size(), wait_ms());
      if (ready < 0 && errno != EINTR) fail_with_errno(kPhase, "poll");
      if (ready == 0) kill_all();
      if (ready <= 0) continue;
      if (events[0].revents != 0) return report_end();
      if (events[1].revents != 0) take_order();
    }
  }

 private:
  int wait_ms() const {
    if (killed_ || !deadline_) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*deadline_ - steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }

  void take_order() {
    const auto frame = life_.receive();
    if (!frame || frame->bytes.empty() || frame->bytes[0] != message::kTerminate) {
      kill_all();  // nobody is there any more
    } else {
      terminate();
    }
  }

  void terminate() {
    if (!has_pid_namespace_) {
      signal_descendants(SIGTERM);
      deadline_ = steady_clock::now() + kGrace;
      return;
    }
    const bool pid1_listens = handles_sigterm(pid_);
    const bool others = signal_all_but_pid1();
    ::kill(pid_, SIGTERM);
    if (!pid1_listens && !others) return kill_all();
    deadline_ = steady_clock::now() + kGrace;
  }

  /// SIGTERM to every process of the step's pid namespace but its first; false when there is none.
  /// A child of ours is born in that namespace, and from there one call reaches all of them at one
  /// instant.
  static bool signal_all_but_pid1() {
    const pid_t child = ::fork();
    if (child < 0) return false;  // ENOMEM: the namespace is gone
    if (child == 0) ::_exit(::kill(-1, SIGTERM) == 0 ? 1 : 0);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
  }

  /// The end of pid 1 is the end of its namespace: the kernel kills all of it.
  void kill_all() {
    killed_ = true;
    if (!has_pid_namespace_) return kill_descendants();
    ::kill(pid_, SIGKILL);
  }

  void report_end() {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0) {
      if (errno != EINTR) fail_with_errno(kPhase, "wait");
    }
    if (!has_pid_namespace_) kill_and_reap_descendants();
    WireWriter out;
    out.number(message::kEnded);
    out.number<std::int32_t>(info.si_code == CLD_EXITED ? info.si_status : 0);
    out.number<std::int32_t>(info.si_code == CLD_EXITED ? 0 : info.si_status);
    life_.send(out.bytes());
  }

  Channel& life_;
  pid_t pid_;
  bool has_pid_namespace_;
  base::UniqueFd pidfd_;
  std::optional<steady_clock::time_point> deadline_;  // set when SIGTERM was sent
  bool killed_ = false;
};

void start_and_watch(Channel& setup, Channel& life, const StepContext& context) {
  ::signal(SIGCHLD, SIG_DFL);  // the launcher ignores it; then there would be nothing to wait for
  if (context.confinement == Confinement::namespaces) {
    if (::unshare(CLONE_NEWPID) != 0) fail_with_errno("new pid namespace", "unshare");
  } else if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    fail_with_errno("start", "prctl");  // what loses its parent becomes our child
  }
  const pid_t pid = ::fork();
  if (pid < 0) fail_with_errno("start", "fork");
  if (pid == 0) {
    life.close();
    become_step(std::move(setup), context);
  }
  setup.close();
  base::ScopeExit kill_step([&] {
    ::kill(pid, SIGKILL);
    if (context.confinement == Confinement::changed_root) kill_and_reap_descendants();
  });
  Supervisor(life, pid, context.confinement).wait_for_end();
  kill_step.dismiss();
}

}  // namespace

void supervise_step(Channel setup, Channel life, const StepContext& context) noexcept {
  try {
    start_and_watch(setup, life, context);
  } catch (const std::exception& error) {
    report_error(life, error, kPhase);
  }
  ::_exit(0);
}

}  // namespace ibuild::sandbox
