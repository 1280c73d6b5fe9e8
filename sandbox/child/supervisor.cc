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

#include "base/child.h"
#include "base/error.h"
#include "base/fs_at.h"
#include "base/scope_exit.h"
#include "sandbox/child/aid.h"
#include "sandbox/child/descendants.h"
#include "sandbox/child/hooks.h"
#include "sandbox/child/keeper/owner_keeper.h"
#include "sandbox/child/keeper/task.h"
#include "sandbox/child/private_network.h"
#include "sandbox/child/report.h"
#include "sandbox/child/step_cgroup.h"
#include "sandbox/child/step_process.h"
#include "sandbox/fail.h"
#include "sandbox/launcher.h"
#include "sandbox/sandbox.h"
#include "sandbox/spec_codec.h"
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

/// Runs `work` in a child; -1 when that is not possible.
template <typename Work>
int exit_code_of_child(const Work& work) {
  const pid_t child = ::fork();
  if (child < 0) return -1;
  if (child == 0) ::_exit(work());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// fork(2) into a new pid namespace. unshare(2) would put every further child of ours there too,
/// where the step could see our helpers, and where its end would wait for them.
pid_t fork_into_pid_namespace() {
  return static_cast<pid_t>(::syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0));
}

/// A service manager's signals go to all processes of a unit at once. The step is ended in order,
/// by whom it belongs to; if that one dies its line to us closes. Requires: the step has been
/// forked.
void leave_stop_signals_to_ibuild() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::signal(signal, SIG_IGN);
}

class Supervisor {
 public:
  Supervisor(Channel& life, Channel aid, pid_t pid, const StepContext& context)
      : life_(life),
        aid_(std::move(aid)),
        context_(context),
        pid_(pid),
        has_pid_namespace_(context.confinement == Confinement::namespaces) {
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd_) fail_with_errno(kPhase, "pidfd_open");
    const int fd = pidfd_.get();
    life_.send({&message::kPid, 1}, {&fd, 1});
  }

  void wait_for_end() {
    for (;;) {
      std::array<pollfd, 3> events = {{{pidfd_.get(), POLLIN, 0},
                                       {killed_ ? -1 : life_.fd(), POLLIN, 0},
                                       {aid_.fd(), POLLIN, 0}}};
      const int ready = ::poll(events.data(), events.size(), wait_ms());
      if (ready < 0 && errno != EINTR) fail_with_errno(kPhase, "poll");
      if (ready == 0) kill_all();
      if (ready <= 0) continue;
      if (events[0].revents != 0) return report_end();
      if (events[1].revents != 0) take_order();
      if (events[2].revents != 0) give_aid();
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

  void give_aid() {
    auto frame = aid_.receive();
    if (!frame) return aid_.close();  // its program runs
    WireWriter answer;
    try {
      grant(*std::move(frame));
      answer.text("");
    } catch (const SandboxError& error) {
      answer.text(error.detail());
      answer.text(error.hint());
    } catch (const std::exception& error) {
      answer.text(error.what());
      answer.text("");
    }
    aid_.send(answer.bytes());
  }

  void grant(Frame request) {
    const char what = request.bytes.empty() ? '\0' : request.bytes.front();
    if (what == aid::kKeeper) {
      start_keeper(std::move(request));
    } else if (what == aid::kNetwork) {
      network_.emplace(connect_network(request));
    } else if (what == aid::kHooks) {
      run_runtime_hooks(request, pid_, life_.fd());
    } else if (what == aid::kLimits) {
      cgroup_.emplace(decode_resources(std::string_view(request.bytes).substr(1)), pid_);
      cgroup_->enter();
    }
  }

  /// Its own process: what it reads of the step can make it wait, and we must not.
  void start_keeper(Frame request) {
    require_readable_memory(pid_);
    KeeperState state(decode_start(std::string_view(request.bytes).substr(1)), pid_);
    auto [line, far_line] = Channel::open_pair();
    const pid_t pid = ::fork();
    if (pid < 0) fail_with_errno(kPhase, "fork");
    if (pid == 0) {
      life_.close();
      aid_.close();
      line.close();
      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      keep_owners(std::move(request.fds.at(0)), std::move(far_line), std::move(state),
                  context_.heard);
    }
    base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    keeper_.emplace(Keeper{base::Child(pid, std::move(pidfd)), std::move(line)});
  }

  /// Requires: no process of the step is left.
  void report_owners() {
    if (!keeper_) return;
    constexpr int kPatienceMs = 10000;
    std::optional<Frame> owners;
    try {
      keeper_->line.send("E");
      pollfd event{keeper_->line.fd(), POLLIN, 0};
      if (::poll(&event, 1, kPatienceMs) > 0) owners = keeper_->line.receive();
    } catch (const base::SystemError&) {
      // It has ended too early.
    }
    keeper_.reset();
    if (!owners) throw SandboxError(std::string(kPhase), "the keeper of the step's owners died");
    life_.send(message::kOwners + owners->bytes);
  }

  bool ran_out_of_memory() const {
    return (cgroup_ && cgroup_->oom() ? *cgroup_->oom() : own_oom_).has_grown();
  }

  void terminate() {
    if (!has_pid_namespace_) {
      signal_descendants(SIGTERM, helpers());
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
  /// From within the namespace one call reaches all of them at one instant.
  bool signal_all_but_pid1() const {
    return exit_code_of_child([this] {
             if (::setns(pidfd_.get(), CLONE_NEWPID) != 0) return 0;  // it is gone
             return exit_code_of_child([] { return ::kill(-1, SIGTERM) == 0 ? 1 : 0; });
           }) == 1;
  }

  /// The end of pid 1 is the end of its namespace: the kernel kills all of it.
  void kill_all() {
    killed_ = true;
    if (!has_pid_namespace_) return kill_descendants(helpers());
    ::kill(pid_, SIGKILL);
  }

  void report_end() {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0) {
      if (errno != EINTR) fail_with_errno(kPhase, "wait");
    }
    if (!has_pid_namespace_) kill_and_reap_descendants(helpers());
    report_owners();
    network_.reset();
    if (!has_pid_namespace_) kill_and_reap_all_descendants();
    WireWriter out;
    out.number(message::kEnded);
    out.number<std::int32_t>(info.si_code == CLD_EXITED ? info.si_status : 0);
    out.number<std::int32_t>(info.si_code == CLD_EXITED ? 0 : info.si_status);
    const bool failed = info.si_code != CLD_EXITED || info.si_status != 0;
    out.number(failed && ran_out_of_memory());
    cgroup_.reset();
    life_.send(out.bytes());
  }

  struct Keeper {
    base::Child child;
    Channel line;
  };

  /// Children of ours that are no part of the step.
  SparedChildren helpers() const {
    SparedChildren all;
    if (keeper_) all.push_back(keeper_->child.pid());
    if (network_) all.push_back(network_->pid());
    return all;
  }

  Channel& life_;
  Channel aid_;
  const StepContext& context_;
  std::optional<Keeper> keeper_;
  std::optional<base::Child> network_;  // ends with the supervisor
  std::optional<StepCgroup> cgroup_;
  const OomCounter own_oom_ = context_.own_oom.from_now();
  pid_t pid_;
  bool has_pid_namespace_;
  base::UniqueFd pidfd_;
  std::optional<steady_clock::time_point> deadline_;  // set when SIGTERM was sent
  bool killed_ = false;
};

void start_and_watch(Channel& setup, Channel& life, const StepContext& context) {
  ::signal(SIGCHLD, SIG_DFL);  // the launcher ignores it; then there would be nothing to wait for
  const bool shares_pids = context.confinement != Confinement::namespaces;
  // What loses its parent becomes our child.
  if (shares_pids && ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    fail_with_errno("start", "prctl");
  }
  auto [aid, far_aid] = Channel::open_pair();
  const pid_t pid = shares_pids ? ::fork() : fork_into_pid_namespace();
  if (pid < 0) fail_with_errno(shares_pids ? "start" : "new pid namespace", "fork");
  if (pid == 0) {
    life.close();
    aid.close();
    become_step({std::move(setup), std::move(far_aid)}, context);
  }
  leave_stop_signals_to_ibuild();
  setup.close();
  far_aid.close();
  base::ScopeExit kill_step([&] {
    ::kill(pid, SIGKILL);
    if (shares_pids) kill_and_reap_all_descendants();
  });
  Supervisor(life, std::move(aid), pid, context).wait_for_end();
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
