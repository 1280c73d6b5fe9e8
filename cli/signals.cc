#include "cli/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "cli/exit_code.h"

namespace ibuild::cli {

namespace {

constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGHUP};
/// Those that mean something only to a program that we run.
constexpr std::array kForeignSignals = {SIGQUIT, SIGUSR1, SIGUSR2};
constexpr int kPatience = 3;

/// Where the handler writes to. A signal handler has no other way to be told. Handlers rather than
/// a blocked mask with signalfd: a mask is inherited by every program started, handlers are not.
std::atomic<int> handler_fd = -1;

void handle_signal(int signal) {
  const int saved_errno = errno;
  const auto byte = static_cast<char>(signal);
  // A full pipe means that signals wait there already: nothing is lost that counts.
  [[maybe_unused]] const auto written = write(handler_fd.load(), &byte, 1);
  errno = saved_errno;
}

/// A signal that is ignored stays ignored (nohup).
void install(int signal) {
  struct sigaction before {};
  if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = &handle_signal;
  action.sa_flags = SA_RESTART;
  if (sigaction(signal, &action, nullptr) != 0) throw base::SystemError("sigaction", "");
}

void uninstall(int signal) {
  struct sigaction action {};
  if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler != &handle_signal) return;
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
}

}  // namespace

SignalWatcher::SignalWatcher() : pipe_(base::Pipe::open()) {
  fcntl(pipe_.write_end.get(), F_SETFL, O_NONBLOCK);
  handler_fd = pipe_.write_end.get();
  for (const int signal : kStopSignals) install(signal);
  thread_ = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
  for (const int signal : kStopSignals) uninstall(signal);
  for (const int signal : kForeignSignals) uninstall(signal);
  handler_fd = -1;
  pipe_.write_end.reset();  // the watcher reads the end of the file
  thread_.join();
}

void SignalWatcher::forward_to(int pidfd) {
  base::UniqueFd own(fcntl(pidfd, F_DUPFD_CLOEXEC, 3));
  if (!own) throw base::SystemError("fcntl", "pidfd");
  *target_.lock() = std::move(own);
  for (const int signal : kForeignSignals) install(signal);
}

/// False when signals are not forwarded, or nobody is left to take them.
bool SignalWatcher::forward(int signal) {
  auto target = target_.lock();
  return target->valid() && syscall(SYS_pidfd_send_signal, target->get(), signal, nullptr, 0) == 0;
}

void SignalWatcher::on_signal(int signal) {
  const bool wants_end = signal == SIGINT || signal == SIGTERM;
  if (forward(signal) && (!wants_end || ++impatience_ < kPatience)) return;
  if (stop_.stop_requested()) _exit(kCancelled);
  stop_.request_stop();
}

void SignalWatcher::watch() {
  while (true) {
    char signal = 0;
    const auto count = read(pipe_.read_end.get(), &signal, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count != 1) return;
    on_signal(signal);
  }
}

}  // namespace ibuild::cli
