#include "sandbox/child/private_network.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/scope_exit.h"
#include "base/stream.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "sandbox/child/aid.h"
#include "sandbox/fail.h"
#include "sandbox/forked_child.h"
#include "sandbox/root_mount.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr const char* kPhase = "connect the network";
constexpr int kPatienceMs = 15000;
constexpr std::size_t kMessageCap = 64 << 10;

/// The namespace comes as standard input: pasta gives up the rights to open that of a process. Its
/// pid goes to standard output, and that is the sign that the network is there. It need not watch
/// the namespace's directory, which distributions' AppArmor profiles keep from it: we end it.
std::vector<std::string> pasta_command() {
  return {"pasta",        "--foreground",
          "--quiet",      "--config-net",
          "--netns-only", "--no-netns-quit",
          "--runas",      "0:0",
          "--netns",      "/proc/self/fd/0",
          "--pid",        "/proc/self/fd/1",
          "--tcp-ports",  "none",
          "--udp-ports",  "none",
          "--tcp-ns",     "none",
          "--udp-ns",     "none",
          "--no-map-gw"};
}

/// True when something can be read from `fd` (not: when it has ended).
bool comes_alive(int fd) {
  pollfd event{fd, POLLIN, 0};
  int ready = -1;
  while ((ready = ::poll(&event, 1, kPatienceMs)) < 0 && errno == EINTR) {
  }
  return ready > 0 && (event.revents & POLLIN) != 0;
}

std::string last_line(const std::string& text) {
  const auto lines = base::split(base::trim(text), '\n');
  return base::printable(lines.empty() ? "" : lines.back());
}

/// pasta puts its root aside; ours can be an initramfs. Empty where that is not what is missing.
std::string why_root_stays() {
  if (!is_initramfs(base::try_read_host_file("/proc/self/mountinfo", 64 << 20).value_or(""))) {
    return "";
  }
  return "this machine's root is an initramfs, which pasta cannot put aside: --network=private "
         "takes another root (switch_root)";
}

/// Empty where that is not what is missing.
std::string why_no_tun() {
  constexpr const char* kTun = "/dev/net/tun";
  const base::UniqueFd tun(::open(kTun, O_RDWR | O_CLOEXEC));
  if (tun) return "";
  return base::SystemError("open", kTun).what() +
         std::string(": who runs ibuild has to be allowed that for --network=private");
}

base::Child start_pasta(int network_namespace) {
  base::Pipe out = base::Pipe::open();
  base::Pipe err = base::Pipe::open();
  std::optional<base::Child> pasta;
  try {
    pasta.emplace(base::spawn_program(pasta_command(), network_namespace, out.write_end.get(),
                                      err.write_end.get()));
  } catch (const base::SystemError& error) {
    if (error.error_number() != ENOENT) throw;
    throw SandboxError(kPhase, "pasta is not there: install the package passt");
  }
  out.write_end.reset();
  err.write_end.reset();
  if (comes_alive(out.read_end.get())) return *std::move(pasta);
  pasta->send_signal(SIGKILL);
  base::FdSource said(err.read_end.get());
  SandboxError error(kPhase,
                     "pasta failed: " + last_line(base::read_all(said, kMessageCap, "pasta")));
  const std::string hint = why_root_stays();
  error.set_hint(hint.empty() ? why_no_tun() : hint);
  throw error;
}

constexpr int kEndsWithUs = 255;  // no errno

/// For try_network: exits with the errno of what is refused.
[[noreturn]] void ask_from_new_namespace(Channel& aid, const Channel& far_aid) noexcept {
  aid.close();
  if (::unshare(CLONE_NEWNET) != 0) ::_exit(errno);
  try {
    ask_for_network(far_aid);
  } catch (const std::exception&) {
    // The other end is closed without an answer when it has seen enough.
  }
  ::_exit(kEndsWithUs);
}

}  // namespace

void ask_for_network(const Channel& aid) {
  const base::UniqueFd network(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!network) fail_with_errno(kPhase, "open", "/proc/self/ns/net");
  const int fd = network.get();
  ask_supervisor(kPhase, aid, {&aid::kNetwork, 1}, {&fd, 1});
}

base::Child connect_network(const Frame& request) { return start_pasta(request.fds.at(0).get()); }

void try_network() {
  auto line = Channel::open_pair();
  Channel& aid = line.first;
  Channel& far_aid = line.second;
  const pid_t child = ::fork();
  if (child < 0) fail_with_errno(kPhase, "fork");
  if (child == 0) ask_from_new_namespace(aid, far_aid);
  far_aid.close();
  int error_number = 0;
  {
    const base::ScopeExit reap([&] {
      aid.close();
      error_number = exit_code_of(child);
    });
    if (const auto request = aid.receive()) connect_network(*request);
  }
  if (error_number == kEndsWithUs) return;
  errno = error_number;
  fail_with_errno(kPhase, "make a network namespace");
}

}  // namespace ibuild::sandbox
