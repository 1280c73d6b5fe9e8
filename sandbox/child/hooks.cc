#include "sandbox/child/hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "base/child.h"
#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"
#include "sandbox/child/aid.h"
#include "sandbox/child/mounts.h"
#include "sandbox/child/word_pointers.h"
#include "sandbox/fail.h"
#include "sandbox/sandbox.h"
#include "sandbox/spec_codec.h"

namespace ibuild::sandbox {

namespace {

using std::chrono::steady_clock;

constexpr const char* kPhase = "run hooks";
constexpr int kCannotRun = 127;
constexpr std::size_t kOutputCap = 4 << 10;

std::string name_of(const Hook& hook) {
  static constexpr std::array<const char*, 3> kNames = {"createRuntime", "createContainer",
                                                        "startContainer"};
  return std::string("the ") + kNames.at(static_cast<std::size_t>(hook.when)) + " hook " +
         base::printable(hook.path);
}

base::UniqueFd memory_file(std::string_view content) {
  base::UniqueFd file(::memfd_create("ibuild-hook", MFD_CLOEXEC));
  if (!file) fail_with_errno(kPhase, "make memory file");
  base::FdSink(file.get()).write(base::as_bytes(content));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) fail_with_errno(kPhase, "seek");
  return file;
}

std::string start_of(int file) {
  std::string text(kOutputCap, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

/// The child's side; nothing is allocated any more.
[[noreturn]] void exec_hook(const char* path, char* const* argv, char* const* env, int in,
                            int out) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::setsid();
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::signal(signal, SIG_DFL);
  const bool placed = ::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0 &&
                      ::dup2(out, STDERR_FILENO) >= 0;
  if (placed) {
    ::syscall(SYS_close_range, 3U, ~0U, 0);  // all are close-on-exec as well
    ::syscall(SYS_execve, path, argv, env);
    const char* why = ::strerrordesc_np(errno);
    if (why != nullptr && ::write(STDERR_FILENO, why, std::strlen(why)) < 0) ::_exit(kCannotRun);
  }
  ::_exit(kCannotRun);
}

base::Child start_hook(const Hook& hook, int in, int out) {
  const std::vector<std::string> words =
      hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
  const auto argv = word_pointers(words);
  const auto env = word_pointers(hook.env);
  const pid_t pid = ::fork();
  if (pid < 0) fail_with_errno(kPhase, "fork");
  if (pid == 0) exec_hook(hook.path.c_str(), argv.data(), env.data(), in, out);
  return {pid, base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
}

enum class End { by_itself, too_late, interrupted };

/// Requires: the process is ended and reaped afterwards.
End wait_for(const base::Child& child, std::chrono::seconds timeout, int interrupted) {
  const auto deadline = steady_clock::now() + timeout;
  for (;;) {
    int wait_ms = -1;
    if (timeout.count() != 0) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
      wait_ms = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
    }
    std::array<pollfd, 2> events = {{{child.pidfd(), POLLIN, 0}, {interrupted, POLLIN, 0}}};
    const int ready = ::poll(events.data(), events.size(), wait_ms);
    if (ready < 0 && errno != EINTR) fail_with_errno(kPhase, "poll");
    if (ready == 0) return End::too_late;
    if (ready > 0 && events[0].revents != 0) return End::by_itself;
    if (ready > 0) return End::interrupted;
  }
}

void run_hook(const Hook& hook, const std::string& state, int interrupted) {
  const base::UniqueFd in = memory_file(state);
  const base::UniqueFd out = memory_file("");
  base::Child child = start_hook(hook, in.get(), out.get());
  const End end = wait_for(child, hook.timeout, interrupted);
  // Its session is its own: what it started ends with it.
  if (end != End::by_itself) ::kill(-child.pid(), SIGKILL);
  if (end == End::too_late) {
    throw SandboxError(
        kPhase, name_of(hook) + " was ended after " + std::to_string(hook.timeout.count()) + " s");
  }
  if (end == End::interrupted) throw SandboxError(kPhase, name_of(hook) + " was ended");
  const base::ExitStatus status = child.wait();
  if (status.success()) return;
  const std::string said = base::printable(base::trim(start_of(out.get())));
  throw SandboxError(
      kPhase, name_of(hook) + " failed: " + status.describe() + (said.empty() ? "" : ": " + said));
}

bool has_hooks(const std::vector<Hook>& hooks, Hook::When when) {
  return std::any_of(hooks.begin(), hooks.end(),
                     [&](const Hook& hook) { return hook.when == when; });
}

/// In a mount namespace like the one around, in which the step's root is where the bundle has it.
void run_in_runtime(const HookOrder& order, int root, pid_t pid) {
  if (::unshare(CLONE_NEWNS) != 0) fail_with_errno(kPhase, "unshare");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    fail_with_errno(kPhase, "mount", "/");
  const base::UniqueFd place(
      ::open((order.bundle + "/rootfs").c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place) fail_with_errno(kPhase, "open", order.bundle);
  attach_mount(kPhase, root, place.get());
  run_hooks(order, Hook::When::create_runtime, hook_state(order.bundle, "creating", pid));
}

/// The child of the supervisor in which that is done: what it says is why it failed.
[[noreturn]] void become_runtime(const HookOrder& order, int root, pid_t pid, int out) {
  std::string failure;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  try {
    run_in_runtime(order, root, pid);
  } catch (const SandboxError& error) {
    failure = error.detail();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  try {
    base::FdSink(out).write(base::as_bytes(failure));
  } catch (const std::exception&) {
    ::_exit(kCannotRun);
  }
  ::_exit(failure.empty() ? 0 : 1);
}

}  // namespace

void run_hooks(const HookOrder& order, Hook::When when, const std::string& state, int interrupted) {
  for (const Hook& hook : order.hooks) {
    if (hook.when == when) run_hook(hook, state, interrupted);
  }
}

void run_hooks_before_switch(const SandboxSpec& spec, int root, const Channel& aid) {
  const HookOrder order{spec.hooks, spec.bundle};
  if (has_hooks(spec.hooks, Hook::When::create_runtime)) {
    const base::UniqueFd tree = clone_mount(kPhase, root, Depth::with_submounts);
    const int fd = tree.get();
    ask_supervisor(kPhase, aid, aid::kHooks + encode_hooks(order), {&fd, 1});
  }
  run_hooks(order, Hook::When::create_container, hook_state(spec.bundle, "creating", ::getpid()));
}

void run_runtime_hooks(const Frame& request, pid_t pid, int life) {
  const HookOrder order = decode_hooks(std::string_view(request.bytes).substr(1));
  const base::UniqueFd said = memory_file("");
  const pid_t runner = ::fork();
  if (runner < 0) fail_with_errno(kPhase, "fork");
  if (runner == 0) become_runtime(order, request.fds.at(0).get(), pid, said.get());
  base::Child child(runner, base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, runner, 0))));
  if (wait_for(child, std::chrono::seconds(0), life) == End::interrupted)
    throw SandboxError(kPhase, "it was to end");
  const base::ExitStatus status = child.wait();
  if (status.success()) return;
  const std::string why = start_of(said.get());
  throw SandboxError(kPhase, why.empty() ? status.describe() : why);
}

}  // namespace ibuild::sandbox
