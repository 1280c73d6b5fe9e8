#include "builder/layer_fetch.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "builder/cache/imported_caches.h"

namespace ibuild::builder {
namespace {

constexpr std::size_t kAtOnce = 4;  // as many as registries like to serve side by side

}  // namespace

LayerFetch::LayerFetch(const layers::LayerStore& layers, EventSink& events, const BuildPlan& plan,
                       const std::function<VertexId(StepId)>& vertex_of)
    : layers_(layers), events_(events) {
  std::vector<bool> under_run(plan.steps.size(), false);
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    if (std::holds_alternative<RunOp>(step->op)) under_run[step->id] = true;
    if (step->parent && under_run[step->id]) under_run[*step->parent] = true;
    const auto* base = std::get_if<BaseOp>(&step->op);
    if (base == nullptr) continue;
    for (const auto& layer : base->image->layers) {
      vertices_.emplace(layer.diff_id, vertex_of(step->id));
      if (under_run[step->id]) under_run_.insert(layer.diff_id);
    }
  }
}

void LayerFetch::ensure(const layers::LayerChain& chain, bool layers::Forms::*form,
                        KnownLayers& known, std::stop_token stop) const {
  std::vector<Job> jobs;
  for (const auto& layer : chain) {
    if (known.lock()->contains(layer.diff_id)) continue;
    const auto present = layers_.present(layer);
    // An index may be all that is left of a layer.
    const bool has_bytes = present.tar || present.tree || present.blob;
    if (!has_bytes && is_without_bytes(layer))
      fail_cached_layer(layer, "its bytes are in no cache");
    if (present.*form) {
      known.lock()->insert(layer.diff_id);
      continue;
    }
    layers::Forms forms;
    forms.index = true;
    forms.tree = under_run_.contains(layer.diff_id);
    forms.*form = true;
    jobs.push_back({&layer, forms});
  }
  make(jobs, std::move(stop));
  for (const auto& job : jobs) known.lock()->insert(job.layer->diff_id);
}

void LayerFetch::ensure_indexes(const layers::LayerChain& chain, std::stop_token stop) const {
  ensure(chain, &layers::Forms::index, with_index_, std::move(stop));
}

void LayerFetch::ensure_trees(const layers::LayerChain& chain, std::stop_token stop) const {
  ensure(chain, &layers::Forms::tree, with_tree_, std::move(stop));
}

void LayerFetch::make_one(const Job& job, std::stop_token stop) const {
  layers::TransferObserver observer;
  if (const auto vertex = vertices_.find(job.layer->diff_id); vertex != vertices_.end()) {
    const std::string what =
        job.layer->blob ? "sha256:" + job.layer->blob->digest.short_hex() : "layer";
    observer = [this, id = vertex->second, what](std::uint64_t done, std::uint64_t total) {
      events_.emit(event::TransferProgress{id, what, done, total});
    };
  }
  try {
    layers_.materialize(*job.layer, job.forms, std::move(stop), observer);
  } catch (const base::ContentError& error) {
    if (!is_from_cache(*job.layer)) throw;
    fail_cached_layer(*job.layer, error.what());
  }
}

void LayerFetch::make(const std::vector<Job>& jobs, std::stop_token stop) const {
  std::atomic<std::size_t> next{0};
  std::vector<std::exception_ptr> failures(jobs.size());
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < jobs.size(); i = next.fetch_add(1)) {
      try {
        make_one(jobs[i], stop);
      } catch (...) {
        failures[i] = std::current_exception();
        return;
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(jobs.size(), kAtOnce); ++i) helpers.emplace_back(work);
    work();
  }
  for (const auto& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace ibuild::builder
