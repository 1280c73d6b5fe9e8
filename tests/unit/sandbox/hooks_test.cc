// Programs that have a part in making a step.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <stop_token>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "sandbox/hook_bundle.h"
#include "sandbox/sandbox.h"
#include "tests/support/rootless_mode.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

using sandbox::Hook;

/// Steps with hooks that leave notes in a directory of this machine.
class HookFixture : public StepFixture {
 public:
  HookFixture() { ::chmod(notes_.host_path().c_str(), 0777); }

  /// A script of this machine's sh, or of busybox in the step for startContainer. In it $state is
  /// what came on standard input, $root where the root is, and notes are written by `note NAME`.
  Hook hook(Hook::When when, const std::string& script) const {
    const bool inside = when == Hook::When::start_container;
    const std::string start =
        inside ? ""
               : R"(state=$(cat); bundle=${state##*bundle\":\"}; bundle=${bundle%%\"*}; )"
                 "root=$bundle/rootfs; note() { cat >> $notes/$1; }; ";
    Hook made{when, inside ? "/bin/busybox" : "/bin/sh", {"sh", "-c", start + script}, {}, {}};
    made.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "notes=" + notes_.host_path()};
    return made;
  }
  std::string note(const std::string& name) const {
    return base::try_read_host_file(notes_.host_path() + "/" + name, 1 << 20).value_or("");
  }

 private:
  base::TempDir notes_ = make_scratch_dir();
};

constexpr auto kRuntime = Hook::When::create_runtime;
constexpr auto kContainer = Hook::When::create_container;
constexpr auto kStart = Hook::When::start_container;

std::size_t bundles_left() {
  std::size_t count = 0;
  for (const auto& entry : base::list_dir(base::DirFd::open(test::temp_root()))) {
    if (entry.name.starts_with("ibuild-bundle-")) ++count;
  }
  return count;
}

std::string own_namespace(const char* name) {
  std::string link(64, '\0');
  const ssize_t size =
      ::readlink((std::string("/proc/self/ns/") + name).c_str(), link.data(), link.size());
  link.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return link;
}

TEST_CASE("hooks: they run in their order before the program, and find the step's state",
          "[step]") {
  if (!can_run_steps()) return;
  HookFixture steps;
  const std::size_t before = bundles_left();
  auto spec = steps.shell("busybox cat /order; echo program");
  spec.hooks = {steps.hook(kStart, "echo start >> /order"),
                steps.hook(kContainer, "echo container >> $root/order; echo $state | note state"),
                steps.hook(kRuntime,
                           "echo runtime >> $root/order; cat $bundle/config.json | note "
                           "config"),
                steps.hook(kContainer, "echo second >> $root/order")};
  CHECK(steps.run(spec).out == "runtime\ncontainer\nsecond\nstart\nprogram\n");
  const std::string bundle = R"("bundle":")" + test::temp_root() + "/ibuild-bundle-";
  CHECK_THAT(steps.note("state"), Catch::Contains(R"("status":"creating")") &&
                                      Catch::Contains(bundle) &&
                                      Catch::Contains(R"("ociVersion":"1.0.2")"));
  CHECK_THAT(steps.note("config"),
             Catch::Contains(R"("root":{"path":"rootfs")") && Catch::Contains("echo program"));
  CHECK(bundles_left() == before);
}

TEST_CASE("hooks: each runs in the namespaces and with the files that its kind has", "[step]") {
  if (!can_run_steps()) return;
  HookFixture steps;
  auto spec = steps.shell("true");
  spec.hooks = {
      steps.hook(kRuntime, "readlink /proc/self/ns/uts | note runtime"),
      steps.hook(kContainer, "readlink /proc/self/ns/uts | note container; hostname | note name"),
      steps.hook(kStart, "busybox readlink /proc/self/ns/uts; busybox id -u; false")};
  spec.hooks[2].env = {"PATH=/bin"};
  spec.hostname = "of-the-step";
  const bool can_be_another = has_id(1000);
  if (can_be_another) spec.uid = spec.gid = 1000;
  std::string said;
  try {
    steps.run(spec);
  } catch (const sandbox::SandboxError& error) {
    said = error.detail();
  }
  CHECK(steps.note("runtime") == own_namespace("uts") + "\n");
  CHECK(steps.note("container") != steps.note("runtime"));
  CHECK(steps.note("name") == "of-the-step\n");
  // What a hook that fails has said is told.
  CHECK_THAT(said, Catch::Contains("the startContainer hook /bin/busybox failed: exit code 1") &&
                       Catch::Contains(std::string(base::trim(steps.note("container")))));
  if (can_be_another) CHECK_THAT(said, Catch::Contains("1000"));
}

TEST_CASE("hooks: what one mounts in the root is there for the step, and nowhere else", "[step]") {
  if (!can_run_steps()) return;
  HookFixture steps;
  ::mkdirat(steps.root().get(), "place", 0755);
  auto spec = steps.shell("busybox cat /place/mounted");
  spec.hooks = {steps.hook(kContainer,
                           "mount -t tmpfs none $root/place && "
                           "echo hello > $root/place/mounted")};
  CHECK(steps.run(spec).out == "hello\n");
  CHECK_FALSE(steps.exists("place/mounted"));
}

TEST_CASE("hooks: of the environment they have what the description says, no more", "[step]") {
  if (!can_run_steps()) return;
  HookFixture steps;
  auto spec = steps.shell("true");
  for (const auto when : {kRuntime, kContainer}) {
    Hook hook = steps.hook(when, "false");
    hook.path = "/usr/bin/env";
    hook.args = {"env"};
    hook.env = {"ONLY=this"};
    Hook failing = steps.hook(when, "exit 3");
    spec.hooks = {hook, failing};
    CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("exit code 3"));
    hook.path = "/bin/sh";
    hook.args = {"sh", "-c", "/usr/bin/env; exit 4"};
    spec.hooks = {hook};
    CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("exit code 4") &&
                                           Catch::Contains("ONLY=this") &&
                                           !Catch::Contains("IBUILD_TESTS"));
  }
}

TEST_CASE("hooks: one that fails, is not there or takes too long keeps the program from running",
          "[step]") {
  if (!can_run_steps()) return;
  HookFixture steps;
  auto spec = steps.shell("echo ran");
  Recorder recorder;
  const auto run = [&] { steps.sandbox().run(spec, recorder, {}); };
  for (const auto when : {kRuntime, kContainer}) {
    spec.hooks = {steps.hook(when, "echo why >&2; exit 5"),
                  steps.hook(when, "echo x | note never")};
    CHECK_THROWS_WITH(run(), Catch::Contains("failed: exit code 5: why"));
    CHECK(steps.note("never").empty());
    spec.hooks = {{.when = when, .path = "/no/such/hook"}};
    CHECK_THROWS_WITH(run(),
                      Catch::Contains("/no/such/hook failed") && Catch::Contains("No such file"));
    spec.hooks = {steps.hook(when, "sleep 100")};
    spec.hooks[0].timeout = std::chrono::seconds(1);
    CHECK_THROWS_WITH(run(), Catch::Contains("was ended after 1 s"));
  }
  CHECK(recorder.out.empty());
  CHECK(steps.processes_left() == 0);
}

TEST_CASE("hooks: a stop ends the one that runs", "[step]") {
  if (!can_run_steps()) return;
  HookFixture steps;
  for (const auto when : {kRuntime, kContainer}) {
    auto spec = steps.shell("echo ran");
    spec.hooks = {steps.hook(when, "echo $$ | note begun; sleep 1000")};
    std::stop_source stop;
    Recorder recorder;
    std::jthread stopper([&] {
      while (steps.note("begun").empty()) std::this_thread::yield();
      stop.request_stop();
    });
    CHECK_THROWS_AS(steps.sandbox().run(spec, recorder, stop.get_token()), base::CancelledError);
    CHECK(recorder.out.empty());
  }
}

TEST_CASE("hooks: texts of any bytes make JSON", "[sandbox]") {
  sandbox::SandboxSpec spec;
  spec.argv = {"a\"b\\c\n\x01", "\xff"};
  CHECK_THAT(sandbox::hook_config(spec), Catch::Contains(R"("args":["a\"b\\c\u000a\u0001",)"
                                                         "\"\xEF\xBF\xBD\"]"));
  CHECK(sandbox::hook_state("/b/c", "created", 7) ==
        R"({"ociVersion":"1.0.2","id":"c","status":"created","pid":7,"bundle":"/b/c"})");
}

}  // namespace
}  // namespace ibuild::test
