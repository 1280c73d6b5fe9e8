#include "sandbox/emulation.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/error.h"
#include "base/fs_at.h"
#include "sandbox/machine.h"
#include "sandbox/sandbox.h"
#include "tests/support/foreign_program.h"
#include "tests/support/must_run.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::sandbox {
namespace {

using test::StepFixture;
using Way = Emulation::Way;

/// Without root (or root of a user namespace), an emulator, and a kernel that lets us use it, there
/// is nothing to see.
bool can_emulate() {
  if (!test::can_run_steps() || runs_natively("arm64")) return false;
  const Emulation emulation = find_emulation("arm64");
  if (emulation.way == Way::none) return test::can_run("emulation", false, emulation.why_not);
  const auto why_not = emulation.way == Way::own ? why_no_own_emulation() : "";
  return test::can_run("emulation", why_not.empty(), why_not);
}

struct Foreign : StepFixture {
  Foreign() { write("bin/foreign", test::arm64_program("emulated\n", 7), 0755); }
  SandboxSpec foreign_spec(std::vector<std::string> argv) const {
    auto made = spec(std::move(argv));
    made.architectures = {"arm64"};
    return made;
  }
};

TEST_CASE("emulation: a step runs a program of another processor", "[sandbox]") {
  if (!can_emulate()) return;
  Foreign f;
  const auto result = f.run(f.foreign_spec({"/bin/foreign"}));
  CHECK(result.out == "emulated\n");
  CHECK(result.status.code == 7);
}

TEST_CASE("emulation: native programs run beside it, in a root of many owners", "[sandbox]") {
  if (!can_emulate()) return;
  Foreign f;
  auto spec = f.foreign_spec({"/bin/sh", "-c",
                              "/bin/foreign; echo $?; id -u; touch /new; "
                              "cat /proc/sys/fs/binfmt_misc/qemu-aarch64 | head -n 1"});
  const auto result = f.run(spec);
  INFO(result.err);
  CHECK(result.out == "emulated\n7\n0\nenabled\n");
  CHECK(base::lstat_at(f.root(), base::RelPath::exact("new")).st_uid == 0);
  if (!test::has_id(1000)) return;
  REQUIRE(f.run(f.foreign_spec({"/bin/sh", "-c", "chown 1000:1000 /new"})).status.success());
  CHECK(base::lstat_at(f.root(), base::RelPath::exact("new")).st_uid == 1000);
  spec = f.foreign_spec({"/bin/foreign"});
  spec.uid = spec.gid = 1000;
  CHECK(f.run(spec).out == "emulated\n");
}

TEST_CASE("emulation: nothing stays registered, neither for other steps nor for the machine",
          "[sandbox]") {
  if (!can_emulate() || find_emulation("arm64").way != Way::own) return;
  Foreign f;
  CHECK(f.run(f.foreign_spec({"/bin/foreign"})).status.code == 7);
  const auto result = f.run(f.spec({"/bin/foreign"}));
  CHECK(result.status.code == 126);
  CHECK_THAT(result.err, Catch::Contains("format"));
  CHECK(find_emulation("arm64").way == Way::own);
}

TEST_CASE("emulation: a changed root has only what the machine has registered", "[sandbox]") {
  if (find_emulation("arm64").way != Way::own) return;
  Foreign f;
  test::Recorder recorder;
  CHECK_THROWS_WITH(make_chroot_sandbox()->run(f.foreign_spec({"/bin/foreign"}), recorder, {}),
                    Catch::Contains("qemu-aarch64") && Catch::Contains("chroot"));
}

TEST_CASE("emulation: a missing emulator is named, with the package that has it", "[sandbox]") {
  const Emulation unknown = find_emulation("vax");
  CHECK(unknown.way == Way::none);
  CHECK_THAT(unknown.why_not, Catch::Contains("vax"));
  try {
    const Emulators emulators({"vax"});
    FAIL("it must throw");
  } catch (const SandboxError& error) {
    CHECK_THAT(error.what(), Catch::Contains("programs for vax do not run here"));
  }
}

TEST_CASE("emulation: programs that run by themselves need none", "[sandbox]") {
  for (const Machine& machine : known_machines()) {
    if (!runs_natively(machine.architecture)) continue;
    const std::string name(machine.architecture);
    CHECK(find_emulation(name).way == Way::native);
    CHECK(Emulators({name}).list().empty());
  }
}

}  // namespace
}  // namespace ibuild::sandbox
