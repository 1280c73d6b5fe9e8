#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/synchronized.h"
#include "builder/cache/build_reports.h"
#include "builder/cache/cache_backend.h"
#include "builder/cache/cache_export.h"
#include "builder/cache/imported_caches.h"
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
    ImportedCaches& imported;  // asked for what `cache` does not have
    StepJournal& journal;
    std::optional<base::TimePoint> oldest;  // records stored before it do not count
    std::function<VertexId(StepId)> vertex_of;
  };
  StepExecutor(const BuildScope& scope, const Parts& parts);

  StepResult execute(const Step& step, const Solver::StepContext& context);
  /// What became of the steps so far, in the plan's order. Requires: no step is at work.
  const std::vector<StepReport>& reports() const { return reports_; }
  /// What the steps made, for other caches. Requires: the same.
  const std::vector<StepTrace>& traces() const { return traces_; }

 private:
  /// One question to the cache.
  struct Lookup {
    std::optional<StepRecord> record;
    std::string why_not;  // there is a record, but it does not serve, or not without the bytes
    // Shared with the other layers of the cache that the record is from; null: the store's own.
    std::shared_ptr<layers::BlobProvider> blobs = {};
    std::string from = {};
  };
  StepResult base_result(const Step& step, const BaseOp& op);
  StepResult work_on(const StepInput& input, const Solver::StepContext& context);
  Lookup find(const StepInput& input, const base::Digest& key);
  Lookup find_stored(const StepInput& input, const base::Digest& key);
  StepResult take_over(const StepInput& input, StepKey& quick, const Lookup& lookup);
  Lookup make(const StepInput& input, OpRunner& runner);
  Lookup settle(const StepInput& input, std::optional<layers::Layer> layer, base::TimePoint start);
  StepRecord first_of(const base::Digest& key, const StepRecord& record);
  void tell_why(const StepInput& input, const StepKey& key, const std::string& why_not);
  std::string cause_of_miss(const StepInput& input, const StepKey& key, const std::string& why_not);
  enum class Way { cached, made };
  StepResult result_of(const StepInput& input, const Lookup& lookup, Way way) const;
  void free_memory(StepKey& key);
  void trace(const StepInput& input, const StepRecord& record, std::vector<base::Digest> keys);
  void remember(const StepInput& input, const base::Digest& key, const StepRecord& record);
  /// That of steps that change nothing.
  layers::Layer empty_layer();

  const BuildScope& scope_;
  Parts parts_;
  std::vector<StepReport> reports_;                               // each step writes its own only
  std::vector<StepTrace> traces_;                                 // likewise
  base::Synchronized<std::optional<layers::Layer>> empty_layer_;  // once it was made
  base::Synchronized<std::map<base::Digest, StepRecord>> made_;   // layers by what they hold
};

}  // namespace ibuild::builder
