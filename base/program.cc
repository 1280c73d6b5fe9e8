// run_program and spawn_program of base/child.h.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>

#include "base/child.h"
#include "base/error.h"
#include "base/refused_clone.h"
#include "base/scope_exit.h"
#include "base/text.h"

namespace ibuild::base {

namespace {

constexpr const char* kOpenPidfd = "open a descriptor of a process (pidfd_open)";

UniqueFd try_open_pidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // close-on-exec by itself
}

/// A program that began and is killed leaves behind what it made: better not to begin.
void require_pidfds() {
  if (!try_open_pidfd(::getpid())) throw SystemError(kOpenPidfd, "");
}

UniqueFd open_pidfd(pid_t pid) {
  UniqueFd fd = try_open_pidfd(pid);
  if (fd) return fd;
  const int error_number = errno;
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  throw SystemError(error_number, kOpenPidfd, "");
}

/// A copy of `fd` above 2, so that putting one descriptor in place does not overwrite another.
UniqueFd dup_above_standard(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) throw SystemError("dup", "");
  return copy;
}

void check(int error_number, const char* call, const std::string& program) {
  if (error_number == 0) return;
  SystemError error(error_number, call, program);
  if (error_number == EPERM) error.set_hint(hint_for_refused_clone());
  throw error;
}

/// Where a program starts: its descriptors 0 to 2, its environment, its process group.
struct Surroundings {
  int in;
  int out;
  int err;
  char* const* env;
  ProgramOptions::Group group = ProgramOptions::Group::ours;
};

Child spawn(const std::vector<std::string>& argv, const Surroundings& place) {
  require_pidfds();
  const std::string& program = argv.at(0);
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  const UniqueFd sources[3] = {dup_above_standard(place.in), dup_above_standard(place.out),
                               dup_above_standard(place.err)};
  posix_spawn_file_actions_t actions;
  check(::posix_spawn_file_actions_init(&actions), "start", program);
  const ScopeExit free_actions([&] { ::posix_spawn_file_actions_destroy(&actions); });
  for (int target = 0; target < 3; ++target) {
    check(::posix_spawn_file_actions_adddup2(&actions, sources[target].get(), target), "start",
          program);
  }
  check(::posix_spawn_file_actions_addclosefrom_np(&actions, 3), "start", program);

  posix_spawnattr_t attributes;
  check(::posix_spawnattr_init(&attributes), "start", program);
  const ScopeExit free_attributes([&] { ::posix_spawnattr_destroy(&attributes); });
  // What this process does with signals is not the program's business.
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  check(::posix_spawnattr_setsigmask(&attributes, &none), "start", program);
  check(::posix_spawnattr_setsigdefault(&attributes, &all), "start", program);
  int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (place.group == ProgramOptions::Group::own) flags |= POSIX_SPAWN_SETPGROUP;  // 0: its own id
  check(::posix_spawnattr_setflags(&attributes, static_cast<short>(flags)), "start", program);

  pid_t pid = -1;
  check(::posix_spawnp(&pid, program.c_str(), &actions, &attributes, words.data(), place.env),
        "start", program);
  return {pid, open_pidfd(pid)};
}

/// Our environment, or none, with `extra` ("K=V") in place of what has the same key.
class Environment {
 public:
  Environment(const std::vector<std::string>& extra, ProgramOptions::Environment which) {
    const bool with_ours = which == ProgramOptions::Environment::ours_and_extra;
    for (char** entry = environ; with_ours && *entry != nullptr; ++entry) {
      const std::string_view key = key_of(*entry);
      const bool replaced = std::any_of(extra.begin(), extra.end(),
                                        [&](const std::string& own) { return key_of(own) == key; });
      if (!replaced) entries_.push_back(*entry);
    }
    for (const std::string& own : extra) entries_.push_back(const_cast<char*>(own.c_str()));
    entries_.push_back(nullptr);
  }
  char* const* get() const { return entries_.data(); }

 private:
  static std::string_view key_of(std::string_view entry) {
    return entry.substr(0, entry.find('='));
  }
  std::vector<char*> entries_;
};

/// While this lives, writing to a pipe nobody reads gives EPIPE in this thread instead of SIGPIPE
/// to the process.
class SigpipeBlock {
 public:
  SigpipeBlock() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &old_);
  }
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;
  ~SigpipeBlock() {
    const timespec now{};
    if (!was_pending_) {
      while (::sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &old_, nullptr);
  }

 private:
  sigset_t pipe_;
  sigset_t old_;
  bool was_pending_;
};

void set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) throw SystemError("fcntl", "");
}

/// One run of run_program: feeds and drains the pipes until the program has ended.
class ProgramRun {
 public:
  ProgramRun(const std::vector<std::string>& argv, const ProgramOptions& options)
      : program_(argv.at(0)),
        options_(options),
        deadline_(std::chrono::steady_clock::now() + options.timeout),
        stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        on_stop_(options.stop, Wake{stop_event_.get()}),
        child_(start(argv)) {
    if (!stop_event_) throw SystemError("make eventfd", "");
    for (int fd : {in_.get(), out_.get(), err_.get()}) set_nonblocking(fd);
    left_to_write_ = options.stdin_text;
  }

  ProgramResult run() {
    const SigpipeBlock no_sigpipe;
    // Before the program is reaped: until then nobody else has its number.
    ScopeExit kill_helpers([this] {
      if (options_.group == ProgramOptions::Group::own) ::kill(-child_.pid(), SIGKILL);
    });
    bool ended = false;
    while (!ended) {
      // Whoever has inherited the pipes may outlive the program: its end counts, not theirs. What
      // it wrote before is read after its end was seen.
      ended = wait_for_events();
      feed();
      drain(out_, result_.out);
      drain(err_, result_.err);
    }
    kill_helpers.dismiss();
    result_.status = child_.wait();
    return std::move(result_);
  }

 private:
  struct Wake {
    int fd;
    void operator()() const noexcept { ::eventfd_write(fd, 1); }
  };

  Child start(const std::vector<std::string>& argv) {
    Pipe in = Pipe::open();
    Pipe out = Pipe::open();
    Pipe err = Pipe::open();
    const Environment environment(options_.extra_env, options_.environment);
    Child child = spawn(argv, {in.read_end.get(), out.write_end.get(), err.write_end.get(),
                               environment.get(), options_.group});
    in_ = std::move(in.write_end);
    out_ = std::move(out.read_end);
    err_ = std::move(err.read_end);
    return child;
  }

  /// True when the program has ended. Throws on time-out and stop.
  bool wait_for_events() {
    using std::chrono::milliseconds;
    std::array<pollfd, 5> events = {{{child_.pidfd(), POLLIN, 0},
                                     {stop_event_.get(), POLLIN, 0},
                                     {in_.get(), POLLOUT, 0},
                                     {out_.get(), POLLIN, 0},
                                     {err_.get(), POLLIN, 0}}};  // negative descriptors are skipped
    const auto left =
        std::chrono::ceil<milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      throw Error(printable(program_) + ": no end after " +
                  std::to_string(options_.timeout.count()) + " ms");
    }
    const int wait_ms = static_cast<int>(std::min<std::int64_t>(left, 60000));
    if (::poll(events.data(), events.size(), wait_ms) < 0) {
      if (errno != EINTR) throw SystemError("wait for", program_);
      return false;
    }
    if (events[1].revents != 0) throw CancelledError();
    return events[0].revents != 0;
  }

  void feed() {
    while (in_ && !left_to_write_.empty()) {
      const ssize_t count = ::write(in_.get(), left_to_write_.data(), left_to_write_.size());
      if (count >= 0) {
        left_to_write_.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno == EPIPE) {
        left_to_write_ = {};  // it need not read what we say
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR) {
        throw SystemError("write to", program_);
      }
    }
    in_.reset();
  }

  void drain(UniqueFd& from, std::string& into) {
    std::array<char, 16384> buffer;
    while (from) {
      const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
      if (count == 0) {
        from.reset();
      } else if (count > 0) {
        into.append(buffer.data(), static_cast<std::size_t>(count));
        if (into.size() > options_.output_cap_bytes) {
          throw Error(printable(program_) + ": more than " +
                      std::to_string(options_.output_cap_bytes) + " bytes of output");
        }
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR) {
        throw SystemError("read from", program_);
      }
    }
  }

  const std::string& program_;
  const ProgramOptions& options_;
  std::chrono::steady_clock::time_point deadline_;
  UniqueFd stop_event_;
  std::stop_callback<Wake> on_stop_;
  UniqueFd in_, out_, err_;
  Child child_;
  std::string_view left_to_write_;
  ProgramResult result_;
};

}  // namespace

ProgramResult run_program(const std::vector<std::string>& argv, const ProgramOptions& options) {
  return ProgramRun(argv, options).run();
}

Child spawn_program(const std::vector<std::string>& argv, int in, int out, int err) {
  return spawn(argv, {in, out, err, environ});
}

}  // namespace ibuild::base
