#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "builder/plan/build_plan.h"

namespace ibuild::builder {

/// The steps of a plan while it is made. What several platforms do alike (a stage that always runs
/// on the build platform) is one step.
class StepCollector {
 public:
  /// The steps added from here on are for another platform of the result than those before.
  void start_platform();
  /// About so many steps will be added next.
  void expect(std::size_t count);
  /// Numbers the step. When an earlier platform has the same work on the same parent, its step is
  /// taken instead.
  StepId add(Step step);
  std::vector<Step> take() { return std::move(steps_); }

 private:
  /// Where equal steps can be; not whether they are.
  using Place = std::tuple<std::optional<StepId>, std::size_t, std::string>;
  static Place place_of(const Step& step);

  std::vector<Step> steps_;
  std::multimap<Place, StepId> earlier_;  // those of earlier platforms
};

}  // namespace ibuild::builder
