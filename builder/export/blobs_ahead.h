#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "builder/build.h"
#include "builder/export/exporter.h"
#include "builder/plan/build_plan.h"
#include "layers/blob_watcher.h"
#include "layers/layer.h"

namespace ibuild::builder {

/// Makes the blobs that the outputs need of new layers before all steps are done: beside the layer
/// itself where no step waits for it, else in the background while the next steps run; there a
/// layer is also sent to the registries that it is meant for. What fails here is left for the
/// outputs, which do it again and tell. For any thread. The destructor gives up what is not done.
class BlobsAhead {
 public:
  /// `names` are those of the build; `pusher` may be null. All references outlive this.
  BlobsAhead(const BuildPlan& plan, const std::vector<OutputSpec>& outputs,
             const std::vector<image::Reference>& names, const layers::LayerStore& layers,
             ImagePusher* pusher);
  BlobsAhead(const BlobsAhead&) = delete;
  BlobsAhead& operator=(const BlobsAhead&) = delete;
  ~BlobsAhead() = default;

  /// The blob that the step's layer is to get in the pass that makes it; a registry that it is
  /// meant for may get it in the same pass. None when a step waits for the layer, or no output
  /// holds it in a compressed form.
  std::optional<layers::BlobRequest> beside(StepId step) const;
  /// A step has made this layer, and others may go on. Returns at once.
  void layer_made(StepId step, const layers::Layer& layer);

 private:
  void work(const std::stop_token& stop);
  void make_blobs(const layers::Layer& layer, const std::stop_token& stop);

  const layers::LayerStore& layers_;
  ImagePusher* pusher_;
  std::vector<LayerNeeds> needs_;
  std::vector<bool> in_image_;    // by step
  std::vector<bool> waited_for_;  // likewise

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<layers::Layer> made_;
  std::jthread worker_;  // last: it uses all the others; started with the first layer
};

}  // namespace ibuild::builder
