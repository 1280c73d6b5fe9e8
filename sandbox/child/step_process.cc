#include "sandbox/child/step_process.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "base/owner_record.h"
#include "base/text.h"
#include "sandbox/cgroup_settings.h"
#include "sandbox/child/aid.h"
#include "sandbox/child/emulation.h"
#include "sandbox/child/exec_label.h"
#include "sandbox/child/hooks.h"
#include "sandbox/child/inner_user_namespace.h"
#include "sandbox/child/program.h"
#include "sandbox/child/report.h"
#include "sandbox/child/rights.h"
#include "sandbox/child/world.h"
#include "sandbox/fail.h"
#include "sandbox/launcher.h"
#include "sandbox/path_maker.h"
#include "sandbox/sandbox.h"
#include "sandbox/spec_codec.h"
#include "sandbox/wire.h"

namespace ibuild::sandbox {

namespace {

constexpr int kSetupFailed = 125;
constexpr std::string_view kEnterDir = "enter working directory";

bool give_away(int dir, const char* name, const SandboxSpec& spec) {
  if (base::must_record_owners()) {
    return (spec.uid == 0 && spec.gid == 0) ||
           base::write_owner_record_at(dir, name, {.uid = spec.uid, .gid = spec.gid});
  }
  return ::fchownat(dir, name, spec.uid, spec.gid, AT_SYMLINK_NOFOLLOW) == 0;
}

bool make_owned(const MissingName& missing, const SandboxSpec& spec) {
  const char* name = missing.name.c_str();
  if (::mkdirat(missing.parent_fd, name, 0755) != 0 || !give_away(missing.parent_fd, name, spec)) {
    fail_with_errno(kEnterDir, "make", missing.path.absolute());
  }
  return true;
}

base::UniqueFd open_working_dir(const SandboxSpec& spec) {
  const base::DirFd root = base::DirFd::open("/");
  const base::RelPath path = base::RelPath::clean(spec.working_dir);
  constexpr int kFlags = O_PATH | O_DIRECTORY;
  auto dir = base::try_open_at(root, path, kFlags, base::Links::follow_in_root);
  if (dir) return *std::move(dir);
  const auto place = make_in_root(root, path, LeafKind::directory,
                                  [&](const MissingName& name) { return make_owned(name, spec); });
  // What comes and goes there, like our own descriptors, is no place to be.
  if (place->is_within(base::RelPath::exact("proc"))) {
    throw SandboxError(std::string(kEnterDir), "nothing can be made in /proc");
  }
  return base::open_at(root, *place, kFlags);
}

/// Links are followed inside the root only, and never those of procfs: /proc/self/fd/<n> may lead
/// out.
void enter_working_dir(const SandboxSpec& spec) {
  try {
    const base::UniqueFd dir = open_working_dir(spec);
    if (::fchdir(dir.get()) != 0) fail_with_errno(kEnterDir, "fchdir", spec.working_dir);
  } catch (const base::SystemError& error) {
    throw SandboxError(std::string(kEnterDir), error.what());
  }
  std::array<char, PATH_MAX> here{};
  // The kernel says "(unreachable)" for a directory outside the root.
  if (::syscall(SYS_getcwd, here.data(), here.size()) < 0 || here[0] != '/') {
    throw SandboxError(std::string(kEnterDir), "it is outside the root");
  }
}

void put_at(int fd, int place) {
  const int result = fd == place ? ::fcntl(fd, F_SETFD, 0) : ::dup2(fd, place);
  if (result < 0) fail_with_errno("set up descriptors", "dup2");
}

base::UniqueFd open_null() {
  base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) fail_with_errno("set up descriptors", "open", "/dev/null");
  return null;
}

void change_root(const SandboxSpec& spec) {
  constexpr std::string_view kPhase = "change root";
  if (::fchdir(spec.root_fd) != 0) fail_with_errno(kPhase, "fchdir");
  if (::chroot(".") != 0) fail_with_errno(kPhase, "chroot");
  if (::chdir("/") != 0) fail_with_errno(kPhase, "chdir", "/");
}

void set_up_stdio(const ReceivedSpec& received, int null) {
  constexpr std::string_view kPhase = "set up descriptors";
  const StepStdio& stdio = received.stdio;
  if (received.spec.stdio == StdioMode::captured) {
    // So that the step's user may open /dev/stdout anew.
    for (int fd : {stdio.out, stdio.err}) {
      if (::fchown(fd, received.spec.uid, received.spec.gid) != 0 && errno != EINVAL) {
        fail_with_errno(kPhase, "chown pipe");
      }
    }
  }
  put_at(stdio.in >= 0 ? stdio.in : null, STDIN_FILENO);
  put_at(stdio.out >= 0 ? stdio.out : null, STDOUT_FILENO);
  put_at(stdio.err >= 0 ? stdio.err : null, STDERR_FILENO);
}

/// First of all: what is made after it is counted, and it becomes the root of the step's cgroups.
void ask_for_limits(const SandboxSpec& spec, const Channel& line) {
  if (!wants_cgroup(spec.resources)) return;
  ask_supervisor("limit resources", line, aid::kLimits + encode_resources(spec.resources));
}

/// Everything that needs descriptors: none but 0, 1, 2 and `setup` is open after it.
SandboxSpec prepare(const StepChannels& lines, const StepContext& context) {
  auto frame = lines.setup.receive();
  if (!frame) ::_exit(kSetupFailed);  // nobody is there any more
  ReceivedSpec received = decode_spec(*std::move(frame));
  ask_for_limits(received.spec, lines.aid);
  const base::UniqueFd null = open_null();  // a changed root may lie where no device works
  if (context.confinement == Confinement::changed_root) {
    set_exec_label(received.spec);
    change_root(received.spec);
  } else {
    MountSources sources = take_sources(received.spec);
    // Among processes of others it could look into those of its own user namespace: other steps,
    // us. First, so that all other namespaces are this one's.
    if (context.confinement == Confinement::shared_pids) {
      enter_inner_user_namespace("new user namespace for the step");
    }
    enter_namespaces(received.spec, lines.aid);
    build_world(received.spec, context, std::move(sources), lines.aid);
  }
  enter_working_dir(received.spec);
  enter_emulation(received.emulators);
  set_up_stdio(received, null.get());
  return std::move(received.spec);
}

/// Before Linux 5.9, and where a filter does not know close_range(2): one by one.
void close_one_by_one(unsigned first, unsigned last) {
  rlimit64 limit{};
  if (::getrlimit64(RLIMIT_NOFILE, &limit) != 0) fail_with_errno("close descriptors", "getrlimit");
  // The lowest free number is taken, and we open few.
  constexpr rlim64_t kMost = 1 << 16;
  const auto end = static_cast<unsigned>(std::min(limit.rlim_cur, kMost));
  for (unsigned fd = first; fd <= last && fd < end; ++fd) ::close(static_cast<int>(fd));
}

void close_numbers(unsigned first, unsigned last) {
  if (first > last || ::close_range(first, last, 0) == 0) return;
  if (errno != ENOSYS && errno != EPERM) fail_with_errno("close descriptors", "close_range");
  close_one_by_one(first, last);
}

/// For what a library may have opened behind our back.
void close_all_but(const StepChannels& kept) {
  const auto setup = static_cast<unsigned>(kept.setup.fd());
  const auto aid = static_cast<unsigned>(kept.aid.fd());
  const auto [low, high] = std::minmax(setup, aid);
  close_numbers(3, low - 1);
  close_numbers(low + 1, high - 1);
  close_numbers(high + 1, ~0U);
}

void set_up_and_run(StepChannels& lines, const StepContext& context) {
  const Channel& setup = lines.setup;
  const SandboxSpec spec = prepare(lines, context);
  close_all_but(lines);
  ::setsid();  // no terminal of the caller's to push input into
  ::umask(022);
  leave_keyring();
  set_limits(spec);
  const Program program(spec);
  drop_rights(spec, context, lines.aid);
  lines.aid.close();
  refuse_new_privileges(spec);
  run_hooks({spec.hooks, spec.bundle}, Hook::When::start_container,
            hook_state(spec.bundle, "created", ::getpid()));
  // Last, as a change of rights undoes it. A step can undo it as well: its supervisor does not rest
  // on it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) fail_with_errno("start", "prctl");
  setup.send({&message::kReady, 1});
  if (spec.stdio == StdioMode::inherited && !setup.receive()) ::_exit(kSetupFailed);
  const ProgramFailure failure = program.run();
  WireWriter out;
  out.number(message::kNoProgram);
  out.number<std::int32_t>(failure.exit_code);
  out.text(failure.text);
  setup.send(out.bytes());
  ::_exit(failure.exit_code);
}

}  // namespace

void become_step(StepChannels lines, const StepContext& context) noexcept {
  try {
    set_up_and_run(lines, context);
  } catch (const std::exception& error) {
    report_error(lines.setup, error, "set up");
  }
  ::_exit(kSetupFailed);
}

}  // namespace ibuild::sandbox
