#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include "base/child.h"
#include "sandbox/channel.h"

namespace ibuild::sandbox {

/// The two lines to a step that has just been started.
struct StepLines {
  Channel setup;  // to the process that becomes the step: the spec, then "ready" or what went wrong
  Channel life;   // to its supervisor: how it ends; closing it kills the step's tree
};

/// argv[2] of the launcher: how its steps are kept in.
namespace launcher_role {
inline constexpr std::string_view kNamespaces = "launcher";
inline constexpr std::string_view kSharedPids = "shared-pids-launcher";
inline constexpr std::string_view kChangedRoot = "chroot-launcher";
}  // namespace launcher_role

/// A single-threaded run of this binary from which steps are forked: forking it costs a fraction of
/// starting the binary anew, and unlike this process it may be forked without care for other
/// threads. Started when it is first needed, started again when it died. Thread: any.
class Launcher {
 public:
  /// `role`: of the process, of launcher_role.
  explicit Launcher(std::string_view role) : role_(role) {}
  /// Starts the process when it does not run. Does not wait until it is ready.
  void prepare();
  /// Throws: SandboxError{"start"}.
  StepLines start_step();

 private:
  struct Process {
    base::Child child;
    Channel control;
  };
  Process start_process() const;

  const std::string_view role_;
  std::mutex mutex_;
  std::optional<Process> process_;
};

/// What travels on the lines: the first byte of each frame.
namespace message {
inline constexpr char kStep = 'S';       // to the launcher, with the far ends of setup and life
inline constexpr char kPid = 'P';        // from the supervisor, with a pidfd of the step
inline constexpr char kEnded = 'X';      // from the supervisor: i32 code, i32 signal, flag: a
                                         // process was killed for lack of memory
inline constexpr char kOwners = 'O';     // from the supervisor, before the end: owners of special
                                         // files, where owners are recorded
inline constexpr char kTerminate = 'T';  // to the supervisor: SIGTERM now, SIGKILL soon
inline constexpr char kReady = 'R';      // from the step: about to run its program
inline constexpr char kGo = 'G';  // to the step, when it writes to the caller's own stdio: run it
inline constexpr char kNoProgram =
    'N';  // from the step: i32 exit code, text: the program could not be run
inline constexpr char kError = 'E';  // from any of them: text phase, message, hint
}  // namespace message

}  // namespace ibuild::sandbox
