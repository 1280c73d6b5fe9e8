#pragma once

#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/synchronized.h"
#include "builder/build.h"
#include "builder/build_context.h"
#include "builder/cache_key.h"
#include "builder/layer_fetch.h"
#include "builder/plan/build_plan.h"
#include "builder/step_result.h"

namespace ibuild::builder {

class BlobsAhead;
class ImportedCaches;

/// What all steps of a build share.
struct BuildScope {
  const BuildRequest& request;
  const Services& services;
  const BuildPlan& plan;
  BuildContext& context;
  const LayerFetch& fetch;
  base::Clock clock;         // stands still under SOURCE_DATE_EPOCH
  ImportedCaches& imported;  // of --cache-from
  BlobsAhead& ahead;
  /// Names of the cache mounts that the build began anew.
  base::Synchronized<std::set<std::string>>& caches_begun;
};

/// One step with what lies before it.
struct StepInput {
  const BuildScope& scope;
  const Step& step;
  VertexId vertex;
  ResultLookup result_of;
  std::stop_token stop;

  /// The result that the step stands on.
  const StepResult& parent_result() const;
  layers::LayerChain parent() const { return parent_result().chain.layers(); }
  /// The result of a stage or image that it reads.
  const StepResult& result_of_tree(const TreeRef& tree) const;
  layers::LayerChain chain_of(const TreeRef& tree) const {
    return result_of_tree(tree).chain.layers();
  }
  void warn(const std::string& message) const;
};

/// Keys and work of one step. Not for several threads at once.
class OpRunner {
 public:
  virtual ~OpRunner() = default;
  /// The key that needs no file of another stage or image to be read.
  virtual StepKey quick_key() = 0;
  /// The key by content of what it reads from other stages; none when quick_key() is that already.
  /// A step that hits by this key although its quick key missed need not run: its inputs changed
  /// nothing that it uses.
  virtual std::optional<StepKey> content_key() { return std::nullopt; }
  /// Adds what `why` shows but the key does not hold.
  virtual void add_details(StepKey&) {}
  /// Does the work. None when nothing changed: the step gets an empty layer. Throws:
  /// parser::DockerfileError for what the Dockerfile is to blame for, base::Error else.
  virtual std::optional<layers::Layer> run() = 0;
};

/// Requires: the step is no BaseOp. `input` must outlive the runner.
std::unique_ptr<OpRunner> make_op_runner(const StepInput& input);

/// Ingredients that several operations have.
void add_parent(StepKey& key, const StepInput& input);
void add_epoch(StepKey& key, const StepInput& input);
/// What `why` tells of any step: its instruction, that of the step before, the base below all.
void add_step_details(StepKey& key, const StepInput& input);

}  // namespace ibuild::builder
