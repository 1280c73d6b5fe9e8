#pragma once

#include <map>
#include <set>
#include <stop_token>

#include "base/synchronized.h"
#include "builder/events.h"
#include "builder/plan/build_plan.h"
#include "layers/layer.h"
#include "layers/layer_store.h"

namespace ibuild::builder {

/// Brings the forms of layers that an operation needs into the store: several layers side by side,
/// progress under the vertex of the base they belong to. Layers of a base that a RUN stands on are
/// unpacked in the same pass as they are indexed. For any thread.
class LayerFetch {
 public:
  /// `vertex_of` gives the number of a step's vertex. Everything given must outlive this.
  LayerFetch(const layers::LayerStore& layers, EventSink& events, const BuildPlan& plan,
             const std::function<VertexId(StepId)>& vertex_of);

  /// Makes sure that every layer of the chain has its index. Throws: CacheError for a layer that a
  /// record promised and whose bytes are in no form left.
  void ensure_indexes(const layers::LayerChain& chain, std::stop_token stop) const;
  /// … and its tree.
  void ensure_trees(const layers::LayerChain& chain, std::stop_token stop) const;

 private:
  struct Job {
    const layers::Layer* layer;
    layers::Forms forms;
  };
  using KnownLayers = base::Synchronized<std::set<base::Digest>>;
  /// Makes `form` of those layers that are neither known nor found to have it.
  void ensure(const layers::LayerChain& chain, bool layers::Forms::*form, KnownLayers& known,
              std::stop_token stop) const;
  void make(const std::vector<Job>& jobs, std::stop_token stop) const;
  void make_one(const Job& job, std::stop_token stop) const;

  const layers::LayerStore& layers_;
  EventSink& events_;
  std::map<base::Digest, VertexId> vertices_;                      // of base layers, by diff-id
  mutable base::Synchronized<std::set<base::Digest>> with_index_;  // known to be there
  mutable base::Synchronized<std::set<base::Digest>> with_tree_;
  std::set<base::Digest> under_run_;  // base layers that a RUN stands on
};

}  // namespace ibuild::builder
