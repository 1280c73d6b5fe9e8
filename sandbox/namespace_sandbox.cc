// make_namespace_sandbox of sandbox/sandbox.h.
#include "base/error.h"
#include "sandbox/emulation.h"
#include "sandbox/hook_bundle.h"
#include "sandbox/launcher.h"
#include "sandbox/mount_points.h"
#include "sandbox/sandbox.h"
#include "sandbox/spec_check.h"
#include "sandbox/step_run.h"

namespace ibuild::sandbox {

namespace {

class NamespaceSandbox : public Sandbox {
 public:
  explicit NamespaceSandbox(std::string_view role) : launcher_(role) {}

  base::ExitStatus run(const SandboxSpec& spec, StepObserver& observer,
                       std::stop_token stop) override {
    check_spec(spec);
    if (stop.stop_requested()) throw base::CancelledError();
    const Emulators emulators(spec.architectures);
    if (!spec.hooks.empty() && spec.bundle.empty()) return run_with_hooks(spec, observer, stop);
    MountPoints mount_points(spec);
    const base::ExitStatus status =
        run_step(launcher_.start_step(), {spec, emulators.list()}, observer, std::move(stop));
    mount_points.remove();
    return status;
  }

  void prepare() override { launcher_.prepare(); }

 private:
  base::ExitStatus run_with_hooks(const SandboxSpec& spec, StepObserver& observer,
                                  const std::stop_token& stop) {
    const HookBundle bundle(spec);
    SandboxSpec with_bundle = spec;
    with_bundle.bundle = bundle.path();
    return run(with_bundle, observer, stop);
  }

  Launcher launcher_;
};

}  // namespace

std::unique_ptr<Sandbox> make_namespace_sandbox(PidNamespace pids) {
  return std::make_unique<NamespaceSandbox>(pids == PidNamespace::own ? launcher_role::kNamespaces
                                                                      : launcher_role::kSharedPids);
}

}  // namespace ibuild::sandbox
