#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <stdexcept>

#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

TEST_CASE("output: both streams arrive, each on its own", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const StepResult result = steps.run(steps.shell("echo out; echo err >&2; printf end"));
  CHECK(result.out == "out\nend");
  CHECK(result.err == "err\n");
}

TEST_CASE("output: what is written in turn arrives in turn", "[step][slow]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  Recorder recorder;
  steps.sandbox().run(steps.shell("for i in 1 2 3; do echo o$i; busybox usleep 100000; echo e$i "
                                  ">&2; busybox usleep 100000; done"),
                      recorder, {});
  CHECK(recorder.both == "o1\ne1\no2\ne2\no3\ne3\n");
}

TEST_CASE("output: bytes of any value arrive unchanged", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  std::string all;
  for (int round = 0; round < 1000; ++round) {
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  }
  steps.write("data", all);
  CHECK(steps.run(steps.spec({"busybox", "cat", "/data"})).out == all);
}

TEST_CASE("output: much of it is neither lost nor held up", "[step][slow]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const StepResult result =
      steps.run(steps.shell("busybox dd if=/dev/zero bs=1M count=64 2>/dev/null; echo done >&2"));
  CHECK(result.out.size() == 64U << 20);
  CHECK(result.err == "done\n");
}

TEST_CASE("output: the last bytes of a process that outlives the first arrive", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  // The background process dies with its namespace; what it wrote before counts.
  REQUIRE(::mkfifoat(steps.root().get(), "go", 0600) == 0);
  const StepResult result = steps.run(
      steps.shell("(echo early; echo x > /go; exec busybox sleep 1000) & read line < /go; exit 3"));
  CHECK(result.status.code == 3);
  CHECK(result.out == "early\n");
}

TEST_CASE("output: the step's user may open /dev/stdout and /dev/stderr anew", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("echo a > /dev/stdout; echo b > /dev/stderr");
  if (has_id(1000)) spec.uid = spec.gid = 1000;
  const StepResult result = steps.run(spec);
  CHECK(result.out == "a\n");
  CHECK(result.err == "b\n");
}

TEST_CASE("output: what the observer throws ends the step and comes out of run", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  Recorder recorder;
  recorder.on_output = [] { throw std::runtime_error("disk full"); };
  CHECK_THROWS_WITH(
      steps.sandbox().run(steps.shell("echo x; exec busybox sleep 1000"), recorder, {}),
      "disk full");
}

}  // namespace
}  // namespace ibuild::test
