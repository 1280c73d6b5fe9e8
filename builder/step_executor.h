#pragma once

#include <optional>
#include <string>

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
    std::function<VertexId(StepId)> vertex_of;
  };
  StepExecutor(const BuildScope& scope, const Parts& parts) : scope_(scope), parts_(parts) {}

  StepResult execute(const Step& step, const Solver::StepContext& context);

 private:
  StepResult base_result(const Step& step, const BaseOp& op);
  StepResult work_on(const StepInput& input, const Solver::StepContext& context);
  std::optional<StepRecord> find_usable(const StepInput& input, const base::Digest& key);
  StepRecord make(const StepInput& input, OpRunner& runner);
  StepRecord settle(std::optional<layers::Layer> layer, base::TimePoint start);
  void tell_why(const StepInput& input, OpRunner& runner, StepKey& key);
  StepResult result_of(const StepInput& input, const StepRecord& record, bool cached) const;
  void remember(const StepInput& input, const base::Digest& key, const StepRecord& record);

  const BuildScope& scope_;
  Parts parts_;
};

}  // namespace ibuild::builder
