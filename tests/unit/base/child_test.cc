#include "base/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <thread>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"
#include "tests/support/forked.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild::base;
using namespace std::chrono_literals;

namespace {

ProgramResult run_shell(const std::string& script, ProgramOptions options = {}) {
  return run_program({"sh", "-c", script}, options);
}

Child spawn_shell(const std::string& script) {
  return spawn_program({"sh", "-c", script}, 0, 1, 2);
}

bool has_no_children() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

}  // namespace

TEST_CASE("child: the ends of a process are told in words", "[base]") {
  CHECK(ExitStatus{2, 0}.describe() == "exit code 2");
  CHECK(ExitStatus{0, 9}.describe() == "killed by signal 9 (SIGKILL)");
  CHECK(ExitStatus{0, 40}.describe() == "killed by signal 40");
  CHECK(ExitStatus{0, 0}.success());
  CHECK_FALSE(ExitStatus{1, 0}.success());
  CHECK_FALSE(ExitStatus{0, 15}.success());
}

TEST_CASE("child: wait gives the exit code", "[base]") {
  Child child = spawn_shell("exit 7");
  CHECK(child.wait().code == 7);
  CHECK(has_no_children());
}

TEST_CASE("child: wait gives the signal", "[base]") {
  Child child = spawn_shell("exec sleep 60");
  child.send_signal(SIGTERM);
  const ExitStatus status = child.wait();
  CHECK(status.signal == SIGTERM);
  CHECK(status.code == 0);
}

TEST_CASE("child: wait_for gives up after its time and can be called again", "[base]") {
  Child child = spawn_shell("exec sleep 60");
  CHECK_FALSE(child.wait_for(1ms));
  CHECK_FALSE(child.wait_for(0ms));
  child.send_signal(SIGKILL);
  const auto status = child.wait_for(60s);
  REQUIRE(status);
  CHECK(status->signal == SIGKILL);
}

TEST_CASE("child: the destructor kills and reaps", "[base]") {
  pid_t pid = -1;
  {
    const Child child = spawn_shell("exec sleep 60");
    pid = child.pid();
    REQUIRE(::kill(pid, 0) == 0);
  }
  CHECK(has_no_children());
}

TEST_CASE("child: a moved child is reaped once, by its new owner", "[base]") {
  {
    Child first = spawn_shell("exec sleep 60");
    const Child second = std::move(first);
    CHECK(second.pidfd() >= 0);
    CHECK(first.pid() == -1);
  }
  CHECK(has_no_children());
}

TEST_CASE("child: a signal after the end goes to nobody", "[base]") {
  Child child = spawn_shell("exit 0");
  child.wait();
  child.send_signal(SIGKILL);
  CHECK(has_no_children());
}

TEST_CASE("child: a program gets the three descriptors given", "[base]") {
  const Pipe in = Pipe::open();
  Pipe out = Pipe::open();
  REQUIRE(::write(in.write_end.get(), "hello\n", 6) == 6);
  Child child = spawn_program({"sh", "-c", "read x; echo got $x; echo bad >&2"}, in.read_end.get(),
                              out.write_end.get(), out.write_end.get());
  CHECK(child.wait().success());
  out.write_end.reset();
  FdSource source(out.read_end.get());
  CHECK(read_all(source, 100, "out") == "got hello\nbad\n");
}

TEST_CASE("child: a program inherits no descriptor but the three", "[base]") {
  const UniqueFd extra(::open("/", O_RDONLY | O_DIRECTORY));  // not close-on-exec
  const auto result = run_program({"ls", "/proc/self/fd"});
  CHECK(result.out == "0\n1\n2\n3\n");  // 3 is the listing itself
}

TEST_CASE("child: blocked and ignored signals are not passed on", "[base]") {
  sigset_t set, old;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, &old);
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  const auto result = run_program({"sed", "-n", "s/^Sig\\(Blk\\|Ign\\):.//p", "/proc/self/status"});
  ::signal(SIGPIPE, before);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  const auto masks = split(trim(result.out), '\n');
  REQUIRE(masks.size() == 2);
  CHECK((std::stoull(std::string(masks[0]), nullptr, 16) & (1ull << (SIGTERM - 1))) == 0);
  CHECK((std::stoull(std::string(masks[1]), nullptr, 16) & (1ull << (SIGPIPE - 1))) == 0);
}

TEST_CASE("run_program: collects output, errors and exit code", "[base]") {
  const auto result = run_shell("echo out; echo err >&2; exit 3");
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
  CHECK(result.status.code == 3);
  CHECK(has_no_children());
}

TEST_CASE("run_program: feeds standard input, more than a pipe holds, both ways", "[base]") {
  const std::string text(300'000, 'x');
  const auto result = run_program({"cat"}, {.stdin_text = text});
  CHECK(result.out == text);
}

TEST_CASE("run_program: a program that does not read its input is no failure", "[base]") {
  const auto result = run_shell("exec true", {.stdin_text = std::string(300'000, 'x')});
  CHECK(result.status.success());
}

TEST_CASE("run_program: environment is ours with the given entries instead", "[base]") {
  ::setenv("IBUILD_TEST_KEPT", "kept", 1);
  ::setenv("IBUILD_TEST_REPLACED", "old", 1);
  const auto result = run_shell("echo $IBUILD_TEST_KEPT $IBUILD_TEST_REPLACED $IBUILD_TEST_NEW",
                                {.extra_env = {"IBUILD_TEST_REPLACED=new", "IBUILD_TEST_NEW=x"}});
  ::unsetenv("IBUILD_TEST_KEPT");
  ::unsetenv("IBUILD_TEST_REPLACED");
  CHECK(result.out == "kept new x\n");
}

TEST_CASE("run_program: the environment can be the given entries alone", "[base]") {
  const auto result =
      run_program({"env"}, {.extra_env = {"IBUILD_TEST_NEW=x"},
                            .environment = ProgramOptions::Environment::extra_alone});
  CHECK(result.out == "IBUILD_TEST_NEW=x\n");
}

TEST_CASE("run_program: arguments are passed as they are, without a shell", "[base]") {
  const auto result = run_program({"printf", "%s|", "a b", "$HOME", ""});
  CHECK(result.out == "a b|$HOME||");
}

TEST_CASE("run_program: a program that is not there is a system error", "[base]") {
  try {
    run_program({"/nonexistent/program"});
    FAIL("it was found");
  } catch (const SystemError& error) {
    CHECK(error.error_number() == ENOENT);
    CHECK(std::string(error.what()) == "start /nonexistent/program: no such file or directory");
  }
}

TEST_CASE("run_program: a program that runs too long is killed", "[base]") {
  CHECK_THROWS_WITH(run_shell("exec sleep 60", {.timeout = 20ms}), "sh: no end after 20 ms");
  CHECK(has_no_children());
}

TEST_CASE("run_program: a program that writes too much is killed", "[base]") {
  CHECK_THROWS_WITH(run_shell("exec yes", {.output_cap_bytes = 1000}),
                    "sh: more than 1000 bytes of output");
  CHECK_THROWS_AS(run_shell("exec yes >&2", {.output_cap_bytes = 1000}), Error);
  CHECK(has_no_children());
}

TEST_CASE("run_program: a stop request ends it", "[base]") {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  CHECK_THROWS_AS(run_shell("exec sleep 60", {.stop = stop.get_token()}), CancelledError);
  stopper.join();
  CHECK_THROWS_AS(run_shell("exec sleep 60", {.stop = stop.get_token()}), CancelledError);
  CHECK(has_no_children());
}

TEST_CASE("run_program: helpers in its own process group end with it", "[base]") {
  const auto scratch = ibuild::test::make_scratch_dir();
  const std::string fifo = scratch.host_path() + "/fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::stop_source stop;
  std::string said;
  std::jthread reader([&] {
    const UniqueFd fd(::open(fifo.c_str(), O_RDONLY | O_CLOEXEC));
    char buffer[16];
    for (ssize_t count = 1; count > 0;) {  // ends when nobody holds the other end any more
      count = ::read(fd.get(), buffer, sizeof buffer);
      if (count > 0) said.append(buffer, static_cast<std::size_t>(count));
      stop.request_stop();
    }
  });
  const ProgramOptions options{.group = ProgramOptions::Group::own, .stop = stop.get_token()};
  CHECK_THROWS_AS(run_shell("{ echo ready; exec sleep 60; } >" + fifo + " & wait", options),
                  CancelledError);
  reader.join();
  CHECK(said == "ready\n");
}

TEST_CASE("run_program: does not wait for what the program left running", "[base]") {
  const auto result = run_shell("sleep 60 & echo $!");
  const auto pid = parse_i64(trim(result.out));
  REQUIRE(pid);
  CHECK(::kill(static_cast<pid_t>(*pid), SIGKILL) == 0);  // it was still there
}

TEST_CASE("child: where its end could not be seen, a program does not begin", "[base]") {
  CHECK(ibuild::test::passes_in_fork([] {
    ibuild::test::deny_system_call(SYS_pidfd_open, ENOSYS);
    try {
      run_program({"true"});
    } catch (const SystemError& error) {
      rusage children{};
      ::getrusage(RUSAGE_CHILDREN, &children);
      return error.error_number() == ENOSYS && children.ru_minflt == 0;
    }
    return false;
  }));
}
