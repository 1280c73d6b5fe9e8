#include "cli/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "cli/exit_code.h"

namespace ibuild::cli {

namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

/// Where the handler writes to. A signal handler has no other way to be told. Handlers rather than a blocked mask with signalfd: a
/// mask is inherited by every program started, handlers are not.
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
  for (const int signal : kSignals) install(signal);
  thread_ = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
  for (const int signal : kSignals) uninstall(signal);
  handler_fd = -1;
  pipe_.write_end.reset();  // the watcher reads the end of the file
  thread_.join();
}

void SignalWatcher::watch() {
  while (true) {
    char signal = 0;
    const auto count = read(pipe_.read_end.get(), &signal, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count != 1) return;
    if (stop_.stop_requested()) _exit(kCancelled);
    received_ = signal;
    stop_.request_stop();
  }
}

}  // namespace ibuild::cli
