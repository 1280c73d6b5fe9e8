#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/child.h"
#include "base/error.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// The sandbox could not be set up (not: the step failed). `phase` names the step of the set-up
/// ("mount /proc").
class SandboxError : public base::Error {
 public:
  SandboxError(std::string phase, std::string message);
  const std::string& phase() const { return phase_; }
  /// The message without phase and context.
  const std::string& detail() const { return detail_; }

 private:
  std::string phase_;
  std::string detail_;
};

/// The step took longer than its spec allows.
class TimeoutError : public base::Error {
 public:
  using Error::Error;
};

/// Sees what a step does while it runs. Called from the thread that called run().
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  enum class Stream { out, err };
  /// Raw bytes as the step wrote them. What it throws ends the step, and run() throws it on.
  virtual void output(Stream stream, std::string_view bytes) = 0;
  /// The step's first process is about to run its program. `pidfd` is good until run() returns: for
  /// pidfd_send_signal(2), so that signals can be passed on. (As pid 1 of its namespace it sees
  /// only signals that it handles, and SIGKILL.)
  virtual void started(int pidfd) { static_cast<void>(pidfd); }
  /// The step has failed, and the kernel killed one of its processes for lack of memory (or, when
  /// the step has no limit of its own, one of ours or of another step meanwhile).
  virtual void ran_out_of_memory() {}
  /// The step has ended where owners are recorded (base/owner_record.h). Of links, fifos and
  /// sockets, which can have no record, these are the owners, with those that the spec began with.
  virtual void owners_recorded(const std::vector<base::SpecialOwner>& owners) {
    static_cast<void>(owners);
  }
};

/// Runs one process tree in its own namespaces. Reentrant: several threads may run steps at once.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  /// Returns when the step's first process has ended and every process of its tree is gone. When
  /// `stop` is requested, the tree gets SIGTERM, after 2 s (at once when nothing in it can take
  /// SIGTERM, or when this process dies) SIGKILL, and CancelledError is thrown.
  ///
  /// Mount points that were made for the step are taken away again, and their parents' times
  /// restored, so that no stub is left in the root; only /proc, /dev and /sys stay.
  ///
  /// When the spec's time-out passes, the tree ends in the same way, and TimeoutError is thrown.
  ///
  /// A program that is not there or cannot be run is no SandboxError: its message goes to the
  /// observer's stderr, and the exit code is 127 or 126, as a shell has it.
  ///
  /// Requires: not two runs at once that make mount points in one root; a root or source that is a
  /// detached mount serves one run.
  /// Throws: SandboxError, CancelledError, TimeoutError, what the observer throws.
  virtual base::ExitStatus run(const SandboxSpec& spec, StepObserver& observer,
                               std::stop_token stop) = 0;
  /// False: a directory that is mounted into one step is nowhere else meanwhile, so that only one
  /// step at a time may have it.
  virtual bool shares_directories() const { return true; }
  /// Starts what the first run() would have to wait for (some ms), without waiting itself. Never
  /// needed, may be called more than once.
  virtual void prepare() {}
};

/// Whose processes a step is among. `shared`: those around ibuild, for containers that let no /proc
/// be mounted. The step sees them and can signal those of its user, so also us; it looks into none,
/// as it is root of a user namespace of its own.
enum class PidNamespace { own, shared };

/// Namespaces (mount, pid, ipc, uts, cgroup; network for `none`), seccomp, capabilities. Works as
/// root and inside the user namespace made by enter_user_namespace().
std::unique_ptr<Sandbox> make_namespace_sandbox(PidNamespace pids = PidNamespace::own);

/// What an ordinary container allows: a changed root in which stand-ins take the place of mounts (a
/// /dev of device nodes, copies and moved directories), no namespaces, no filter of its own where
/// that needs rights, no CAP_SYS_CHROOT for the step. /proc and /sys are empty. A step can signal
/// other processes of the container. Refuses by SandboxError what it cannot do: networks other than
/// the host's, privileged steps, read-only roots, mounts of what is not ours.
/// Requires: CAP_SYS_CHROOT and CAP_MKNOD; `root_fd` is a plain directory beside which a
/// directory can be made.
std::unique_ptr<Sandbox> make_chroot_sandbox();

/// The name under which the binary re-executes itself as the small single-threaded child: argv[1].
inline constexpr std::string_view kSandboxChildArg = "__sandbox";
/// What main() calls, first of all, when argv[1] is kSandboxChildArg. Never returns.
[[noreturn]] void sandbox_child_main(int argc, char** argv);

}  // namespace ibuild::sandbox
