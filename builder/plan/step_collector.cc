#include "builder/plan/step_collector.h"

#include <type_traits>
#include <utility>

#include "base/expect_more.h"

namespace ibuild::builder {
namespace {

bool does_same_work(const Step& a, const Step& b) {
  if (a.ignore_cache != b.ignore_cache || a.op.index() != b.op.index()) return false;
  return std::visit(
      [&](const auto& op) {
        using T = std::decay_t<decltype(op)>;
        // Images are told apart by what was asked for, before they become steps.
        if constexpr (std::is_same_v<T, BaseOp>) {
          return false;
        } else {
          return op == std::get<T>(b.op);
        }
      },
      a.op);
}

}  // namespace

StepCollector::Place StepCollector::place_of(const Step& step) {
  return {step.parent, step.op.index(), step.platform.str_with_version()};
}

void StepCollector::start_platform() {
  for (StepId id = earlier_.size(); id < steps_.size(); ++id)
    earlier_.emplace(place_of(steps_[id]), id);
}

void StepCollector::expect(std::size_t count) { base::expect_more(steps_, count); }

StepId StepCollector::add(Step step) {
  if (!earlier_.empty()) {
    const auto [first, last] = earlier_.equal_range(place_of(step));
    for (auto candidate = first; candidate != last; ++candidate) {
      if (does_same_work(steps_[candidate->second], step)) return candidate->second;
    }
  }
  step.id = steps_.size();
  steps_.push_back(std::move(step));
  return steps_.back().id;
}

}  // namespace ibuild::builder
