// What a step may use and what it finds: networks, limits, devices.
#include <unistd.h>

#include <catch2/catch.hpp>

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
      CHECK(machine.must({"doctor"}).find("--network=private: no") != std::string::npos);
      continue;
    }
    CHECK(built.err.find(" 1\n") != std::string::npos);
    CHECK(machine.must({"doctor"}).find("network of RUN: host; --network=private: yes") !=
          std::string::npos);
    CHECK(machine.processes_left().empty());
  }
}
