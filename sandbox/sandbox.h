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

/// The sandbox could not be set up (not: the step failed). `phase` names the step of the set-up ("mount /proc").
class SandboxError : public base::Error {
 public:
  SandboxError(std::string phase, std::string message);
  const std::string& phase() const { return phase_; }

 private:
  std::string phase_;
};

/// Sees what a step does while it runs. Called from the thread that called run().
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  enum class Stream { out, err };
  /// Raw bytes as the step wrote them.
  virtual void output(Stream stream, std::string_view bytes) = 0;
};

/// Runs one process tree in its own namespaces. Reentrant: several threads may run steps at once.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  /// Returns when the step's first process has ended and every process of its tree is gone. When `stop` is requested, the tree gets SIGTERM, after
  /// 2 s (or at once on a second request through the kernel closing the pid namespace) SIGKILL, and CancelledError is thrown.
  /// Mount points that were made for the step are taken away again, and their parents' times restored, so that no stub is left in the root.
  /// Throws: SandboxError.
  virtual base::ExitStatus run(const SandboxSpec& spec, StepObserver& observer, std::stop_token stop) = 0;
};

/// Namespaces (mount, pid, ipc, uts, cgroup; network for `none`), seccomp, capabilities. Works as root and inside the user namespace made by
/// enter_user_namespace().
std::unique_ptr<Sandbox> make_namespace_sandbox();

/// The name under which the binary re-executes itself as the small single-threaded child: argv[1].
inline constexpr std::string_view kSandboxChildArg = "__sandbox";
/// What main() calls, first of all, when argv[1] is kSandboxChildArg. Never returns.
[[noreturn]] void sandbox_child_main(int argc, char** argv);

}  // namespace ibuild::sandbox
