// sandbox_child_main of sandbox/sandbox.h: the launcher.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/owner_record.h"
#include "sandbox/child/probe.h"
#include "sandbox/child/report.h"
#include "sandbox/child/seccomp_filter.h"
#include "sandbox/child/supervisor.h"
#include "sandbox/fail.h"
#include "sandbox/launcher.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr int kUsageError = 64;

/// The control line comes as standard input, our own binary as standard output. Nothing else of the
/// caller's stays open but standard error.
Channel take_control_line() {
  constexpr std::string_view kPhase = "start launcher";
  base::UniqueFd control(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) fail_with_errno(kPhase, "open", "/dev/null");
  if (!control || ::dup2(null.get(), STDIN_FILENO) < 0 || ::dup2(null.get(), STDOUT_FILENO) < 0) {
    fail_with_errno(kPhase, "dup");
  }
  return Channel(std::move(control));
}

/// Every signal as a new process has it, also the C library's own two that it does not let us touch
/// and that posix_spawn leaves ignored.
void reset_signals() {
  constexpr int kSignals = 64;
  struct {
    void* handler = nullptr;  // SIG_DFL
    unsigned long flags = 0;
    void* restorer = nullptr;
    std::uint64_t mask = 0;
  } default_action;  // the kernel's struct sigaction
  for (int signal = 1; signal <= kSignals; ++signal) {
    // EINVAL for SIGKILL and SIGSTOP.
    ::syscall(SYS_rt_sigaction, signal, &default_action, nullptr, sizeof default_action.mask);
  }
}

StepContext find_context(Confinement confinement) {
  StepContext context;
  context.confinement = confinement;
  context.records_owners = confinement != Confinement::changed_root && base::must_record_owners();
  if (context.records_owners) {
    context.filter = compile_filter(default_verdicts_with_keeper(KeeperScope::owners));
    context.insecure_filter = compile_filter(keeper_verdicts_alone(KeeperScope::owners));
    context.heard = heard_calls();
  } else {
    context.filter = compile_filter(default_verdicts());
  }
  context.gids = own_gid_map();
  context.may_set_groups = may_set_groups();
  context.own_oom = OomCounter::of_own_cgroup();
  return context;
}

/// None for the name of no launcher.
std::optional<Confinement> confinement_of(std::string_view role) {
  if (role == launcher_role::kNamespaces) return Confinement::namespaces;
  if (role == launcher_role::kSharedPids) return Confinement::shared_pids;
  if (role == launcher_role::kChangedRoot) return Confinement::changed_root;
  return std::nullopt;
}

void start_supervisor(Channel& control, Frame frame, const StepContext& context) {
  Channel setup(std::move(frame.fds.at(0)));
  Channel life(std::move(frame.fds.at(1)));
  const pid_t pid = ::fork();
  if (pid == 0) {
    control.close();
    supervise_step(std::move(setup), std::move(life), context);
  }
  if (pid < 0) report_error(life, base::SystemError("fork", ""), "start");
}

void run_launcher(Confinement confinement) {
  ::setsid();  // Ctrl-C is for the one who started us
  ::umask(0);  // modes of what is made for steps are as given
  reset_signals();
  ::signal(SIGCHLD, SIG_IGN);
  ::prctl(PR_SET_NAME, "ibuild-launcher", 0, 0, 0);
  Channel control = take_control_line();
  if (::chdir("/") != 0) fail_with_errno("start launcher", "chdir", "/");
  const StepContext context = find_context(confinement);
  // Ends when the other side is closed, by whatever death.
  while (auto frame = control.receive()) {
    if (frame->fds.size() == 2) start_supervisor(control, *std::move(frame), context);
  }
}

}  // namespace

void sandbox_child_main(int argc, char** argv) {
  const std::string_view role = argc > 2 ? argv[2] : "";
  try {
    if (const auto confinement = confinement_of(role)) {
      run_launcher(*confinement);
      ::_exit(0);
    }
    if (role == "probe" && argc > 3) ::_exit(run_probe(argv[3], argc > 4 ? argv[4] : "/tmp"));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ibuild: %s\n", error.what());
    ::_exit(1);
  }
  std::fprintf(stderr, "ibuild: %s is for ibuild's own use\n", argc > 1 ? argv[1] : "this");
  ::_exit(kUsageError);
}

}  // namespace ibuild::sandbox
