#pragma once

#include "builder/ops/op_runner.h"
#include "builder/ops/run_devices.h"
#include "builder/ops/run_mounts.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::builder {

/// RUN: a process in the sandbox on a writable tree made of the layers below; the difference is the
/// layer.
class RunRunner : public OpRunner {
 public:
  RunRunner(const RunOp& op, const StepInput& input) : op_(op), input_(input), mounts_(op, input) {}
  StepKey quick_key() override { return make_key(RunMounts::Stages::by_chain); }
  std::optional<StepKey> content_key() override;
  void add_details(StepKey& key) override;
  std::optional<layers::Layer> run() override;

 private:
  StepKey make_key(RunMounts::Stages stages);
  std::vector<std::string> architectures() const;
  sandbox::SandboxSpec make_spec(const layers::LayerChain& chain) const;
  void add_secrets(sandbox::SandboxSpec& spec) const;
  RunDevices open_devices() const;
  base::SpecialOwners run_process(const sandbox::SandboxSpec& spec);

  const RunOp& op_;
  const StepInput& input_;
  RunMounts mounts_;
};

/// The name and the address of an --add-host, "name:ip" or "name=ip". Throws: base::UsageError.
std::pair<std::string, std::string> parse_add_host(const std::string& text);

}  // namespace ibuild::builder
