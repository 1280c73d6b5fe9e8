#include <signal.h>

#include <catch2/catch.hpp>
#include <thread>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

/// Waits until a file of the machine holds `text`.
bool wait_for(const Machine& machine, const std::string& file, const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    if (machine.exists(file) && machine.read(file).find(text) != std::string::npos) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST_CASE("run: the program's exit code, and docker's for what cannot be run", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      CHECK(machine.ibuild({"run", "localhost/base:1", "sh", "-c", "exit 7"}).code == 7);
      CHECK(machine.ibuild({"run", "localhost/base:1", "no-such-program"}).code == 127);
      CHECK(machine.ibuild({"run", "localhost/base:1", "/etc/passwd"}).code == 126);
      CHECK(machine.ibuild({"run", "--pull", "never", "no/such-image:1"}).code == 125);
    }
  }
}

TEST_CASE("run: environment, user, working directory, entry point, volume", "[e2e]") {
  Machine machine;
  machine.make_base();
  machine.write("home/shared/in", "from the host\n");
  CHECK(machine.must({"run", "-e", "A=1", "-e", "B", "-w", "/tmp", "-u", "alice",
                      "localhost/base:1", "sh", "-c", "echo $A $B $HOME; pwd; id -u; id -G"},
                     {.env = {"B=inherited"}}) == "1 inherited /home/alice\n/tmp\n1000\n1000 50");
  CHECK(machine.must({"run", "--entrypoint", "echo", "localhost/base:1", "just", "this"}) ==
        "just this");
  CHECK(machine.must({"run", "-v", machine.path("home/shared") + ":/data:ro", "localhost/base:1",
                      "sh", "-c", "cat /data/in; touch /data/out 2>/dev/null || echo read-only"}) ==
        "from the host\nread-only");
  CHECK(machine.must({"run", "localhost/base:1", "sh", "-c", "echo x > /gone; cat /gone"}) == "x");
  CHECK(machine.ibuild({"run", "localhost/base:1", "cat", "/gone"}).code == 1);
}

TEST_CASE("run: a read-only root may lack what is mounted in it", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    machine.must_run(
        {"install", "-D", "-m", "755", "/bin/busybox", machine.path("context/busybox")});
    REQUIRE(machine.build("bare:1", "FROM scratch\nCOPY busybox /\n").code == 0);
    CHECK(machine.must({"run", "--read-only", "-v", machine.path("context") + ":/data/x:ro",
                        "bare:1", "/busybox", "sh", "-c",
                        "/busybox ls /data/x; /busybox touch /x 2>/dev/null || echo no"}) ==
          "busybox\nno");
    CHECK(machine.mounts_left().empty());
  }
}

TEST_CASE("run: standard input goes to the program", "[e2e]") {
  Machine machine;
  machine.make_base();
  CHECK(machine.must({"run", "-i", "localhost/base:1", "cat"}, {.stdin_text = "typed"}) == "typed");
}

TEST_CASE("run: ports must be equal on the host's network", "[e2e]") {
  Machine machine;
  machine.make_base();
  CHECK(machine.ibuild({"run", "-p", "8000:8000", "localhost/base:1", "true"}).code == 0);
  const auto refused = machine.ibuild({"run", "-p", "80:8000", "localhost/base:1", "true"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Catch::Contains("must be equal"));
}

TEST_CASE("run: signals reach the program", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      auto child = machine.start(
          {"run", "localhost/base:1", "sh", "-c",
           "trap 'echo got it; exit 33' TERM; echo ready; while :; do usleep 20000; done"});
      REQUIRE(wait_for(machine, "out", "ready"));
      child.send_signal(SIGTERM);
      const auto status = child.wait_for(std::chrono::seconds(20));
      REQUIRE(status);
      CHECK(status->code == 33);
      CHECK_THAT(machine.read("out"), Catch::Contains("got it"));
      CHECK(machine.processes_left().empty());
    }
  }
}

TEST_CASE("run: the third Ctrl-C ends a program that does not listen", "[e2e]") {
  Machine machine;
  machine.make_base();
  auto child = machine.start({"run", "localhost/base:1", "sh", "-c",
                              "n=0; trap 'n=$((n+1)); echo heard $n' INT; trap '' TERM; echo "
                              "ready; while :; do usleep 20000; done"});
  REQUIRE(wait_for(machine, "out", "ready"));
  child.send_signal(SIGINT);
  REQUIRE(wait_for(machine, "out", "heard 1"));
  child.send_signal(SIGINT);
  REQUIRE(wait_for(machine, "out", "heard 2"));
  child.send_signal(SIGINT);
  const auto status = child.wait_for(std::chrono::seconds(20));
  REQUIRE(status);
  CHECK(status->code == 130);
  CHECK(machine.processes_left().empty());
}

TEST_CASE("run: ibuild killed takes its container with it", "[e2e]") {
  Machine machine;
  machine.make_base();
  auto child = machine.start(
      {"run", "localhost/base:1", "sh", "-c", "echo ready; while :; do usleep 20000; done"});
  REQUIRE(wait_for(machine, "out", "ready"));
  child.send_signal(SIGKILL);
  child.wait();
  CHECK(machine.processes_left().empty());
  CHECK(machine.mounts_left().empty());
  CHECK(machine.must({"run", "localhost/base:1", "echo", "fine"}) == "fine");
}
