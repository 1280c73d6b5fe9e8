#include "builder/plan/step_collector.h"

#include <algorithm>
#include <type_traits>
#include <utility>

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

void StepCollector::expect(std::size_t count) {
  const std::size_t wanted = steps_.size() + count;
  if (wanted > steps_.capacity()) steps_.reserve(std::max(wanted, 2 * steps_.capacity()));
}

StepId StepCollector::add(Step step) {
  const Place place = place_of(step);
  const auto [first, last] = by_place_.equal_range(place);
  for (auto candidate = first; candidate != last; ++candidate) {
    if (candidate->second < earlier_end_ && does_same_work(steps_[candidate->second], step))
      return candidate->second;
  }
  step.id = steps_.size();
  by_place_.emplace(place, step.id);
  steps_.push_back(std::move(step));
  return steps_.back().id;
}

}  // namespace ibuild::builder
