// make_chroot_sandbox of sandbox/sandbox.h.
#include "base/error.h"
#include "sandbox/emulation.h"
#include "sandbox/launcher.h"
#include "sandbox/sandbox.h"
#include "sandbox/spec_check.h"
#include "sandbox/stand_ins.h"
#include "sandbox/step_run.h"

namespace ibuild::sandbox {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  SandboxError error("check the spec", what + " needs more than the isolation `chroot`");
  error.set_hint("`ibuild doctor` shows what the others need");
  throw error;
}

void check_what_a_changed_root_can(const SandboxSpec& spec) {
  if (spec.network != NetworkMode::host) refuse("a network other than that of the host");
  if (!spec.hooks.empty()) refuse("a device with hooks");
  if (spec.insecure) refuse("a privileged step");
  if (spec.root_read_only) refuse("a read-only root");
  if (spec.root_is_detached_mount) refuse("a mount as root");
}

class ChrootSandbox : public Sandbox {
 public:
  base::ExitStatus run(const SandboxSpec& spec, StepObserver& observer,
                       std::stop_token stop) override {
    check_spec(spec);
    check_what_a_changed_root_can(spec);
    if (stop.stop_requested()) throw base::CancelledError();
    const Emulators emulators(spec.architectures);
    for (const Emulator& emulator : emulators.list())
      refuse(emulator.name + ", which the machine has not registered itself,");
    try {
      StandIns stand_ins(spec);
      const base::ExitStatus status =
          run_step(launcher_.start_step(), {spec, emulators.list()}, observer, std::move(stop));
      stand_ins.remove();
      return status;
    } catch (const base::SystemError& error) {
      throw SandboxError("make stand-ins for mounts", error.what());
    }
  }

  bool shares_directories() const override { return false; }
  void prepare() override { launcher_.prepare(); }

 private:
  Launcher launcher_{launcher_role::kChangedRoot};
};

}  // namespace

std::unique_ptr<Sandbox> make_chroot_sandbox() { return std::make_unique<ChrootSandbox>(); }

}  // namespace ibuild::sandbox
