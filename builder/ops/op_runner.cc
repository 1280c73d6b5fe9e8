#include "builder/ops/op_runner.h"

#include "builder/ops/copy_runner.h"
#include "builder/ops/run_runner.h"
#include "builder/ops/workdir_runner.h"

namespace ibuild::builder {
namespace {

struct Maker {
  const StepInput& input;
  std::unique_ptr<OpRunner> operator()(const BaseOp&) const { return nullptr; }
  std::unique_ptr<OpRunner> operator()(const CopyOp& op) const {
    return std::make_unique<CopyRunner>(op, input);
  }
  std::unique_ptr<OpRunner> operator()(const WorkdirOp& op) const {
    return std::make_unique<WorkdirRunner>(op, input);
  }
  std::unique_ptr<OpRunner> operator()(const RunOp& op) const {
    return std::make_unique<RunRunner>(op, input);
  }
};

/// The name of a step without its "[build 2/7] ".
std::string instruction_of(const Step& step) {
  const auto end = step.name.find("] ");
  return end == std::string::npos ? step.name : step.name.substr(end + 2);
}

}  // namespace

const StepResult& StepInput::parent_result() const {
  static const StepResult nothing;
  return step.parent ? result_of(*step.parent) : nothing;
}

const StepResult& StepInput::result_of_tree(const TreeRef& tree) const {
  static const StepResult nothing;
  return tree.step ? result_of(*tree.step) : nothing;
}

void StepInput::warn(const std::string& message) const {
  scope.services.events.emit(event::WarningRaised{{"", message, "", step.range}});
}

std::unique_ptr<OpRunner> make_op_runner(const StepInput& input) {
  return std::visit(Maker{input}, input.step.op);
}

void add_parent(StepKey& key, const StepInput& input) {
  key.add("parent", input.parent_result().chain_id.str());
}

void add_epoch(StepKey& key, const StepInput& input) {
  if (const auto epoch = input.scope.clock.fixed())
    key.add("epoch", std::to_string(epoch->time_since_epoch().count()));
}

void add_step_details(StepKey& key, const StepInput& input) {
  const auto& steps = input.scope.plan.steps;
  key.add_detail("step", instruction_of(input.step));
  auto below = input.step.parent;
  if (below) key.add_detail("parent step", instruction_of(steps[*below]));
  while (below && steps[*below].parent) below = steps[*below].parent;
  const auto* base = below ? std::get_if<BaseOp>(&steps[*below].op) : nullptr;
  if (base != nullptr)
    key.add_detail("base", base->image->reference.str() + "@" + base->image->digest.str());
}

}  // namespace ibuild::builder
