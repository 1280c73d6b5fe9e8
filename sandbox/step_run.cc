#include "sandbox/step_run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sandbox/fail.h"
#include "sandbox/spec_codec.h"
#include "sandbox/special_owners_codec.h"
#include "sandbox/wire.h"

namespace ibuild::sandbox {

namespace {

constexpr std::string_view kPhase = "run";

struct WakeUp {
  int event_fd;
  void operator()() const noexcept { ::eventfd_write(event_fd, 1); }
};

std::string show(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

/// Where the output of a step comes out.
class OutputPipes {
 public:
  OutputPipes() : out_(base::Pipe::open()), err_(base::Pipe::open()), buffer_(64 << 10) {
    for (int fd : {out_.read_end.get(), err_.read_end.get()}) {
      if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) fail_with_errno(kPhase, "fcntl");
    }
  }
  StepStdio far_ends() const { return {-1, out_.write_end.get(), err_.write_end.get()}; }
  void close_far_ends() {
    out_.write_end.reset();
    err_.write_end.reset();
  }
  /// For poll(2); -1 when it has ended.
  int out_fd() const { return out_.read_end.get(); }
  int err_fd() const { return err_.read_end.get(); }

  void pass_on_out(StepObserver& to) { pass_on(out_.read_end, StepObserver::Stream::out, to); }
  void pass_on_err(StepObserver& to) { pass_on(err_.read_end, StepObserver::Stream::err, to); }
  /// All that is in the pipes. Whoever else may hold them open is not waited for.
  void drain(StepObserver& to) {
    while (pass_on(out_.read_end, StepObserver::Stream::out, to)) {
    }
    while (pass_on(err_.read_end, StepObserver::Stream::err, to)) {
    }
  }

 private:
  /// One read; false when nothing is left for now.
  bool pass_on(base::UniqueFd& from, StepObserver::Stream stream, StepObserver& to) {
    if (!from) return false;
    const ssize_t size = ::read(from.get(), buffer_.data(), buffer_.size());
    if (size > 0) {
      to.output(stream, {buffer_.data(), static_cast<std::size_t>(size)});
    } else if (size == 0) {
      from.reset();
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      fail_with_errno(kPhase, "read output");
    }
    return true;
  }

  base::Pipe out_;
  base::Pipe err_;
  std::vector<char> buffer_;
};

class StepRun {
 public:
  StepRun(StepLines lines, const StepOrder& order, StepObserver& observer, std::stop_token stop)
      : lines_(std::move(lines)),
        order_(order),
        observer_(observer),
        stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        on_stop_(stop, WakeUp{stop_event_.get()}) {
    if (!stop_event_) fail_with_errno(kPhase, "eventfd");
    if (order.spec.stdio == StdioMode::captured) pipes_.emplace();
  }
  StepRun(const StepRun&) = delete;
  StepRun& operator=(const StepRun&) = delete;
  ~StepRun() { kill_and_wait(); }

  base::ExitStatus run() {
    send_spec();
    while (!life_ended_) handle_events();
    // Nothing can write any more but who got hold of a pipe from outside.
    if (pipes_) pipes_->drain(observer_);
    while (!setup_ended_) hear_setup();
    return result();
  }

 private:
  void send_spec() {
    const StepStdio stdio = pipes_ ? pipes_->far_ends() : StepStdio{0, 1, 2};
    const EncodedSpec encoded = encode_spec(order_.spec, stdio, order_.emulators);
    try {
      lines_.setup.send(encoded.bytes, encoded.fds);
    } catch (const base::SystemError& error) {
      // It died early; its supervisor says more.
      if (error.error_number() != EPIPE) throw SandboxError("send the spec", error.what());
    }
    if (pipes_) pipes_->close_far_ends();
  }

  void handle_events() {
    // The observer hears of the start before any output.
    const bool listening = pipes_ && announced_;
    std::array<pollfd, 5> events = {{{listening ? pipes_->out_fd() : -1, POLLIN, 0},
                                     {listening ? pipes_->err_fd() : -1, POLLIN, 0},
                                     {setup_ended_ ? -1 : lines_.setup.fd(), POLLIN, 0},
                                     {stopping_ ? -1 : stop_event_.get(), POLLIN, 0},
                                     {lines_.life.fd(), POLLIN, 0}}};
    const int ready = ::poll(events.data(), events.size(), wait_ms());
    if (ready < 0) {
      if (errno != EINTR) fail_with_errno(kPhase, "poll");
      return;
    }
    if (ready == 0) {
      timed_out_ = true;
      return ask_to_stop();
    }
    if (events[0].revents != 0) pipes_->pass_on_out(observer_);
    if (events[1].revents != 0) pipes_->pass_on_err(observer_);
    if (events[2].revents != 0) hear_setup();
    if (events[3].revents != 0) ask_to_stop();
    if (events[4].revents != 0) hear_life();
  }

  /// Until the step's time is over; -1 when that ends nothing.
  int wait_ms() const {
    if (order_.spec.timeout.count() == 0 || stopping_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        start_ + order_.spec.timeout - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
  }

  void hear_setup() {
    const auto frame = lines_.setup.receive();
    if (!frame) {
      setup_ended_ = true;
      return;
    }
    WireReader in(frame->bytes);
    switch (in.number<char>()) {
      case message::kReady:
        ready_ = true;
        announce();
        break;
      case message::kNoProgram:
        no_program_code_ = in.number<std::int32_t>();
        no_program_text_ = in.text();
        break;
      default:
        take_error(in);
    }
  }

  void hear_life() {
    auto frame = lines_.life.receive();
    if (!frame) {
      life_ended_ = true;
      return;
    }
    WireReader in(frame->bytes);
    switch (in.number<char>()) {
      case message::kPid:
        if (!frame->fds.empty()) pidfd_ = std::move(frame->fds[0]);
        announce();
        break;
      case message::kEnded: {
        const auto code = in.number<std::int32_t>();
        status_ = base::ExitStatus{code, in.number<std::int32_t>()};
        out_of_memory_ = in.flag();
        break;
      }
      case message::kOwners:
        observer_.owners_recorded(read_special_owners(in));
        break;
      default:
        take_error(in);
    }
  }

  /// Both lines have to have spoken, in whatever order.
  void announce() {
    if (!ready_ || !pidfd_) return;
    announced_ = true;
    observer_.started(pidfd_.get());
    if (!pipes_) let_go();
  }

  /// A program that writes past us must not be heard of before the observer has been.
  void let_go() {
    try {
      lines_.setup.send({&message::kGo, 1});
    } catch (const base::SystemError& error) {
      if (error.error_number() != EPIPE) throw;  // it has just been killed
    }
  }

  void take_error(WireReader& in) {
    if (error_) return;
    const std::string phase = in.text();
    error_.emplace(phase, in.text());
    error_->set_hint(in.text());
  }

  void ask_to_stop() {
    stopping_ = true;
    try {
      lines_.life.send({&message::kTerminate, 1});
    } catch (const base::SystemError&) {
      // It has just ended by itself.
    }
  }

  base::ExitStatus result() {
    if (timed_out_) throw TimeoutError("it was ended after " + show(order_.spec.timeout));
    if (stopping_) throw base::CancelledError();
    if (error_) throw *error_;
    if (!status_) {
      kill_by_pidfd();
      throw SandboxError(std::string(kPhase), "the step's supervisor died");
    }
    if (no_program_code_) {
      observer_.output(StepObserver::Stream::err, no_program_text_ + "\n");
      return {*no_program_code_, 0};
    }
    if (!ready_) fail_unready();
    if (out_of_memory_) observer_.ran_out_of_memory();
    return *status_;
  }

  [[noreturn]] void fail_unready() const {
    const std::string what = "the process was ended: " + status_->describe();
    if (!out_of_memory_) throw SandboxError("set up", what);
    SandboxError error("set up", what + ": out of memory: the kernel killed it");
    error.set_hint("--memory is too little for a step to begin with");
    throw error;
  }

  /// For a step that has lost its supervisor.
  void kill_by_pidfd() noexcept {
    constexpr int kPatienceMs = 10000;
    if (!pidfd_) return;
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    pollfd gone{pidfd_.get(), POLLIN, 0};
    while (::poll(&gone, 1, kPatienceMs) < 0 && errno == EINTR) {
    }
  }

  /// For the way out by an exception: closing our half of the line makes the supervisor kill the
  /// tree; its own half closes when all is gone.
  void kill_and_wait() noexcept {
    if (life_ended_) return;
    ::shutdown(lines_.life.fd(), SHUT_WR);
    try {
      while (lines_.life.receive()) {
      }
    } catch (const std::exception&) {
      kill_by_pidfd();
    }
  }

  StepLines lines_;
  const StepOrder& order_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  StepObserver& observer_;
  base::UniqueFd stop_event_;
  std::stop_callback<WakeUp> on_stop_;
  std::optional<OutputPipes> pipes_;
  base::UniqueFd pidfd_;
  std::optional<base::ExitStatus> status_;
  std::optional<SandboxError> error_;
  std::optional<std::int32_t> no_program_code_;
  std::string no_program_text_;
  bool ready_ = false;
  bool announced_ = false;
  bool stopping_ = false;
  bool timed_out_ = false;
  bool out_of_memory_ = false;
  bool setup_ended_ = false;
  bool life_ended_ = false;
};

}  // namespace

base::ExitStatus run_step(StepLines lines, const StepOrder& order, StepObserver& observer,
                          std::stop_token stop) {
  return StepRun(std::move(lines), order, observer, std::move(stop)).run();
}

}  // namespace ibuild::sandbox
