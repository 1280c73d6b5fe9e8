// How steps end: by themselves, by request, and when the process that runs them dies.
#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "base/child.h"
#include "base/error.h"
#include "base/text.h"
#include "tests/support/forked.h"
#include "tests/support/mount_table.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// The pid that a pidfd stands for, as we see it.
pid_t pid_of(int pidfd) {
  const std::string info =
      base::read_host_file("/proc/self/fdinfo/" + std::to_string(pidfd), 1 << 16);
  const std::size_t at = info.find("\nPid:\t");
  REQUIRE(at != std::string::npos);
  return std::atoi(info.c_str() + at + 6);
}

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

bool gone_within(pid_t pid, milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  while (!is_gone(pid)) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Cancelled {
  milliseconds took{0};
  pid_t pid = 0;
  std::string out;
};

/// Runs a step and requests its stop when it has said `word`.
Cancelled cancel_after(StepFixture& steps, const sandbox::SandboxSpec& spec,
                       const std::string& word) {
  Recorder recorder;
  std::stop_source stop;
  Cancelled result;
  steady_clock::time_point asked;
  recorder.on_started = [&](int pidfd) { result.pid = pid_of(pidfd); };
  recorder.on_output = [&] {
    if (recorder.out.find(word) == std::string::npos || stop.stop_requested()) return;
    asked = steady_clock::now();
    stop.request_stop();
  };
  CHECK_THROWS_AS(steps.sandbox().run(spec, recorder, stop.get_token()), base::CancelledError);
  result.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - asked);
  result.out = recorder.out;
  return result;
}

TEST_CASE("stop: a step that cannot take SIGTERM is killed at once", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const auto end = cancel_after(steps, steps.shell("echo here; exec busybox sleep 1000"), "here");
  CHECK(end.took < milliseconds(1500));
  CHECK(is_gone(end.pid));
}

TEST_CASE("stop: a step that handles SIGTERM may finish", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const auto end = cancel_after(
      steps,
      steps.shell("trap 'echo bye; exit 0' TERM; echo here; while :; do busybox sleep 0.01; done"),
      "here");
  CHECK(end.out == "here\nbye\n");
  CHECK(end.took < milliseconds(1900));
}

TEST_CASE("stop: children of the first process get SIGTERM too", "[step][own-pids]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const auto end = cancel_after(steps,
                                steps.shell("(trap 'echo child; exit' TERM; echo here; while :; do "
                                            "busybox sleep 0.01; done) & wait; echo end"),
                                "here");
  CHECK(end.out == "here\nchild\nend\n");
}

TEST_CASE("stop: a tree that ignores SIGTERM is killed after two seconds, daemons as well",
          "[step][slow]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_helper();
  const auto end =
      cancel_after(steps, steps.shell("/bin/helper daemon; exec /bin/helper stay"), "here\nhere");
  CHECK(end.took >= milliseconds(1900));
  CHECK(end.took < milliseconds(6000));
  CHECK(is_gone(end.pid));
}

TEST_CASE("stop: output goes on until the end", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const auto end =
      cancel_after(steps,
                   steps.shell("trap 'busybox dd if=/dev/zero bs=1M count=4 2>/dev/null; echo "
                               "last; exit' TERM; echo here; while :; do busybox sleep 0.01; done"),
                   "here");
  CHECK(end.out.size() == (4U << 20) + 10);
  CHECK(end.out.ends_with("last\n"));
}

TEST_CASE("stop: a request before the start starts nothing", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  std::stop_source stop;
  stop.request_stop();
  Recorder recorder;
  CHECK_THROWS_AS(steps.sandbox().run(steps.shell("echo x"), recorder, stop.get_token()),
                  base::CancelledError);
  CHECK(recorder.starts == 0);
}

TEST_CASE("stop: one step's stop leaves another alone", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  base::ExitStatus other;
  // The fifo lets it go on when the first one has been stopped.
  REQUIRE(::mkfifoat(steps.root().get(), "go", 0600) == 0);
  const base::UniqueFd go(::openat(steps.root().get(), "go", O_RDWR | O_CLOEXEC));
  auto spec = steps.shell("read line < /go; exit 5");
  steps.add_standard_directories();  // steps at once in one root must not both make them
  std::jthread second([&] {
    Recorder recorder;
    other = steps.sandbox().run(spec, recorder, {});
  });
  cancel_after(steps, steps.shell("echo here; exec busybox sleep 1000"), "here");
  REQUIRE(::write(go.get(), "x\n", 2) == 2);
  second.join();
  CHECK(other.code == 5);
}

TEST_CASE("end: background processes end with the first one", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_helper();
  const auto start = steady_clock::now();
  // It has said "here" before the first process ends.
  CHECK(steps.out_of("/bin/helper daemon | { read x; echo $x; }; exit 0") == "here\n");
  CHECK(steady_clock::now() - start < milliseconds(5000));
}

TEST_CASE("end: many zombies and orphans are no trouble", "[step][slow]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  CHECK(
      steps.out_of("i=0; while [ $i -lt 200 ]; do (busybox true &); i=$((i+1)); done; echo done") ==
      "done\n");
}

/// Not a test: what the next one runs in a process of its own.
TEST_CASE("driver: a long step", "[.driver]") {
  StepFixture steps;
  steps.add_helper();
  Recorder recorder;
  pid_t pid = 0;
  recorder.on_started = [&](int pidfd) { pid = pid_of(pidfd); };
  recorder.on_output = [&] {
    if (recorder.out != "here\nhere\n") return;
    const std::string line = "\nroot " + steps.root_path() + "\npid " + std::to_string(pid) + "\n";
    REQUIRE(::write(STDOUT_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  };
  steps.sandbox().run(steps.shell("/bin/helper daemon; exec /bin/helper stay"), recorder, {});
}

std::string read_until(int fd, const std::string& word) {
  std::string text;
  char byte = 0;
  while (text.find(word) == std::string::npos || !text.ends_with('\n')) {
    const ssize_t size = ::read(fd, &byte, 1);
    REQUIRE(size == 1);
    text += byte;
  }
  return text;
}

std::string value_after(const std::string& text, const std::string& key) {
  const std::size_t at = text.rfind("\n" + key + " ") + key.size() + 2;
  return text.substr(at, text.find('\n', at) - at);
}

TEST_CASE("end: SIGKILL of the process that runs it ends a step that resists everything",
          "[step]") {
  if (!can_run_steps()) return;
  base::Pipe out = base::Pipe::open();
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  pid_t pid = 0;
  std::string root;
  {
    // The destructor sends SIGKILL.
    const base::Child driver = base::spawn_program({"/proc/self/exe", "[.driver]"}, null.get(),
                                                   out.write_end.get(), STDERR_FILENO);
    const std::string said = read_until(out.read_end.get(), "\npid ");
    pid = std::atoi(value_after(said, "pid").c_str());
    root = value_after(said, "root");
    REQUIRE(pid > 0);
    CHECK_FALSE(is_gone(pid));
  }
  CHECK(gone_within(pid, milliseconds(10000)));
  base::remove_tree(base::DirFd::open(root), {});
  ::rmdir(root.c_str());
}

std::vector<pid_t> own_children() {
  std::vector<pid_t> children;
  for (const auto& entry : base::list_dir(base::DirFd::open("/proc"))) {
    const auto pid = base::parse_u64(entry.name);
    if (!pid) continue;
    const auto stat = base::try_read_host_file("/proc/" + entry.name + "/stat", 4096);
    const std::size_t paren = stat ? stat->rfind(") ") : std::string::npos;
    if (paren == std::string::npos) continue;
    if (std::atoi(stat->c_str() + paren + 4) == ::getpid()) {
      children.push_back(static_cast<pid_t>(*pid));
    }
  }
  return children;
}

TEST_CASE("end: a launcher that died is started anew", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.out_of("true");
  const auto children = own_children();
  REQUIRE(children.size() == 1);
  ::kill(children[0], SIGKILL);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(children[0]), &info, WEXITED | WNOWAIT) == 0);
  CHECK(steps.out_of("echo again") == "again\n");
}

TEST_CASE("end: a step whose supervisor is killed is a typed error, and dies", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_helper();
  Recorder recorder;
  pid_t step = 0;
  recorder.on_started = [&](int pidfd) { step = pid_of(pidfd); };
  recorder.on_output = [&] {
    const std::string stat = base::read_host_file("/proc/" + std::to_string(step) + "/stat", 4096);
    ::kill(std::atoi(stat.c_str() + stat.rfind(") ") + 4), SIGKILL);
  };
  CHECK_THROWS_AS(steps.sandbox().run(steps.spec({"/bin/helper", "stay"}), recorder, {}),
                  sandbox::SandboxError);
  CHECK(gone_within(step, milliseconds(10000)));  // dead now; reaped by init
}

std::size_t open_fds() { return base::list_dir(base::DirFd::open("/proc/self/fd")).size(); }

TEST_CASE("end: 200 steps leave no process or descriptor behind", "[step][slow]") {
  if (!can_run_steps()) return;
  {
    StepFixture steps;
    steps.out_of("true");
    const std::size_t fds = open_fds();
    const auto spec = steps.spec({"busybox", "true"});
    for (int i = 0; i < 200; ++i) REQUIRE(steps.run(spec).status.success());
    CHECK(open_fds() == fds);
    CHECK(own_children().size() == 1);  // the launcher
  }
  CHECK(own_children().empty());
}

TEST_CASE("end: 200 steps leave no mount behind", "[step][slow]") {
  if (!can_run_steps()) return;
  CHECK(passes_in_fork([] {
    if (!enter_own_mount_namespace()) return false;
    const auto mounts = mounts_here();
    StepFixture steps;
    const auto spec = steps.spec({"busybox", "true"});
    for (int i = 0; i < 200; ++i) {
      if (!steps.run(spec).status.success()) return false;
    }
    return !has_new_mounts(mounts);
  }));
}

TEST_CASE("end: steps run from several threads at once", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_standard_directories();  // steps at once in one root must not both make them
  std::vector<int> codes(8, -1);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        Recorder recorder;
        const auto status =
            steps.sandbox().run(steps.shell("exit " + std::to_string(i)), recorder, {});
        codes[static_cast<std::size_t>(i)] = status.code;
      });
    }
  }
  CHECK(codes == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
}

}  // namespace
}  // namespace ibuild::test
