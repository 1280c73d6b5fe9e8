// What a step may use and what it finds: networks, limits, devices.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "sandbox/security_labels.h"
#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

TEST_CASE("step: a private network leads out of the machine, or what it lacks is named", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    machine.make_base();
    const auto built =
        machine.build("app:1", "FROM localhost/base:1\nRUN ip route | grep -c default\n",
                      {"--network=private", "--progress=plain"});
    INFO(built.err);
    const Output tun = machine.run({"sh", "-c", "command -v pasta && : <>/dev/net/tun"});
    if (tun.code != 0) {
      CHECK(built.code != 0);
      CHECK(built.err.find("connect the network") != std::string::npos);
      if (has_program("pasta"))
        CHECK(built.err.find("hint: open /dev/net/tun: ") != std::string::npos);
      CHECK(machine.must({"doctor"}).find("--network=private: no") != std::string::npos);
      continue;
    }
    CHECK(built.err.find(" 1\n") != std::string::npos);
    CHECK(machine.must({"doctor"}).find("network of RUN: host; --network=private: yes") !=
          std::string::npos);
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("step: limits are set, or what is missing is named", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    machine.make_base();
    const auto built = machine.build(
        "app:1", "FROM localhost/base:1\nRUN awk 'BEGIN { x = \"12345678\"; for (;;) x = x x }'\n",
        {"--memory=24m", "--progress=plain"});
    INFO(built.err);
    CHECK(built.code != 0);
    const bool limited = built.err.find("out of memory") != std::string::npos;
    const bool named = built.err.find("limit resources") != std::string::npos &&
                       built.err.find("--cgroup-parent") != std::string::npos;
    CHECK((limited || named));
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("step: BUILDKIT_SANDBOX_HOSTNAME names its machine; long output is clipped", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto built = machine.build(
      "app:1",
      "FROM localhost/base:1\nRUN hostname; grep -c box.example /etc/hosts; yes | head -50\n",
      {"--build-arg=BUILDKIT_SANDBOX_HOSTNAME=box.example"},
      {.env = {"BUILDKIT_PROGRESS=plain", "BUILDKIT_STEP_LOG_MAX_SIZE=40"}});
  INFO(built.err);
  CHECK(built.code == 0);
  CHECK(built.err.find(" box.example\n") != std::string::npos);
  CHECK(built.err.find("[output clipped, log limit 40B reached]") != std::string::npos);
}

TEST_CASE("step: a time-out ends it and says so", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto built =
      machine.build("app:1", "FROM localhost/base:1\nRUN echo begun; sleep 1000 & sleep 1000\n",
                    {"--step-timeout=200ms", "--progress=plain"});
  INFO(built.err);
  CHECK(built.code == 1);
  CHECK(built.err.find("did not complete successfully: it was ended after 200 ms") !=
        std::string::npos);
  CHECK(machine.processes_left().empty());
}

TEST_CASE("step: security options hold it, and what the kernel has not is named", "[e2e]") {
  Machine machine;
  machine.make_base();
  const std::string dockerfile = "FROM localhost/base:1\nRUN grep NoNewPrivs /proc/self/status\n";
  const auto held =
      machine.build("app:1", dockerfile,
                    {"--security-opt=no-new-privileges", "--progress=plain",
                     "--security-opt=apparmor=unconfined", "--security-opt=label=disable"});
  INFO(held.err);
  CHECK(held.code == 0);
  CHECK(held.err.find("NoNewPrivs:\t1\n") != std::string::npos);
  if (!sandbox::has_apparmor()) {
    const auto none = machine.build("app:2", dockerfile, {"--security-opt=apparmor=mine"});
    CHECK(none.code != 0);
    CHECK(none.err.find("AppArmor is not at work here: steps cannot have the profile mine") !=
          std::string::npos);
  }
  if (!sandbox::has_selinux()) {
    const auto none = machine.build("app:2", dockerfile, {"--security-opt=label=type:mine_t"});
    CHECK(none.code != 0);
    CHECK(none.err.find("SELinux is not at work here") != std::string::npos);
  }
  const auto ignored = machine.build("app:3", dockerfile, {"--security-opt=seccomp=unconfined"});
  CHECK(ignored.code == 0);
  CHECK(ignored.err.find("--security-opt seccomp=unconfined has no effect") != std::string::npos);
}

TEST_CASE("step: devices, extra hosts and limits of its processes", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto built = machine.build(
      "app:1",
      "FROM localhost/base:1\n"
      "RUN head -c 3 /dev/mine | od -An -tx1 | grep ' 00 00 00'; grep me /etc/hosts; ulimit -n; "
      "df -k /dev/shm | grep -c 1024\n"
      "RUN --network=none ! grep me /etc/hosts\n",
      {"--device=/dev/zero:/dev/mine", "--add-host=me:host-gateway", "--ulimit=nofile=77:88",
       "--shm-size=1m", "--progress=plain"});
  INFO(built.err);
  CHECK(built.code == 0);
  for (const char* said : {" 00 00 00\n", "127.0.0.1\tme\n", " 77\n", " 1\n"}) {
    CAPTURE(said);
    CHECK(built.err.find(said) != std::string::npos);
  }
  const auto no_device =
      machine.build("app:2", "FROM localhost/base:1\nRUN true\n", {"--device=/etc/passwd"});
  CHECK(no_device.code != 0);
  CHECK(no_device.err.find("it is no device") != std::string::npos);
}
