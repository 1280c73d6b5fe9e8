#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/cache/build_reports.h"
#include "builder/cache/cache_backend.h"
#include "builder/cache/step_journal.h"
#include "builder/ops/op_runner.h"
#include "builder/solver.h"
#include "builder/step_result.h"

namespace ibuild::builder {

/// What happens to one step: its key is looked up, and only when no record with its layer is there
/// the operation runs; what it made is recorded. Layers that differ only in times of writing count
/// as equal: the one that stands already is taken. Says all that as events. For any thread.
class StepExecutor {
 public:
  struct Parts {
    CacheBackend& cache;
    StepJournal& journal;
    std::optional<base::TimePoint> oldest;  // records stored before it do not count
    std::function<VertexId(StepId)> vertex_of;
  };
  StepExecutor(const BuildScope& scope, const Parts& parts);

  StepResult execute(const Step& step, const Solver::StepContext& context);
  /// What became of the steps so far, in the plan's order. Requires: no step is at work.
  const std::vector<StepReport>& reports() const { return reports_; }

 private:
  /// One question to the cache.
  struct Lookup {
    std::optional<StepRecord> record;
    std::string why_not;  // there is a record, but it does not serve
  };
  StepResult base_result(const Step& step, const BaseOp& op);
  StepResult work_on(const StepInput& input, const Solver::StepContext& context);
  Lookup find_usable(const StepInput& input, const base::Digest& key);
  StepRecord make(const StepInput& input, OpRunner& runner);
  StepRecord settle(std::optional<layers::Layer> layer, base::TimePoint start);
  void tell_why(const StepInput& input, const StepKey& key, const std::string& why_not);
  std::string cause_of_miss(const StepInput& input, const StepKey& key, const std::string& why_not);
  StepResult result_of(const StepInput& input, const StepRecord& record, bool cached) const;
  void remember(const StepInput& input, const base::Digest& key, const StepRecord& record);

  const BuildScope& scope_;
  Parts parts_;
  std::vector<StepReport> reports_;  // each step writes its own only
};

}  // namespace ibuild::builder
