#include "builder/export/blobs_ahead.h"

#include <exception>
#include <utility>

#include "layers/layer_store.h"

namespace ibuild::builder {

BlobsAhead::BlobsAhead(const BuildPlan& plan, const std::vector<OutputSpec>& outputs,
                       const std::vector<image::Reference>& names, const layers::LayerStore& layers,
                       ImagePusher* pusher)
    : layers_(layers),
      pusher_(pusher),
      in_image_(plan.steps.size()),
      waited_for_(plan.steps.size()) {
  for (const auto& output : outputs) {
    if (auto needs = find_exporter(output.type).layer_needs(output, names))
      needs_.push_back(*std::move(needs));
  }
  if (needs_.empty()) return;
  for (const auto& image : plan.images) {
    for (auto step = image.tip; step && !in_image_[*step]; step = plan.steps[*step].parent)
      in_image_[*step] = true;
  }
  for (const auto& step : plan.steps) {
    for (const StepId needed : step.dependencies()) waited_for_[needed] = true;
  }
}

std::optional<layers::BlobRequest> BlobsAhead::beside(StepId step) const {
  if (needs_.empty() || !in_image_[step] || waited_for_[step]) return std::nullopt;
  const LayerNeeds& needs = needs_.front();
  layers::BlobRequest request{.compression = needs.compression};
  if (!needs.destinations.empty() && pusher_ != nullptr)
    request.watcher = pusher_->send_while_made(needs.destinations);
  return request;
}

void BlobsAhead::layer_made(StepId step, const layers::Layer& layer) {
  // After a step that nobody waits for the outputs come at once.
  if (needs_.empty() || !in_image_[step] || !waited_for_[step]) return;
  if (layer.provider) return;  // its bytes are elsewhere, and may stay there
  const std::scoped_lock lock(mutex_);
  made_.push_back(layer);
  if (!worker_.joinable()) {
    worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  } else {
    changed_.notify_one();
  }
}

void BlobsAhead::work(const std::stop_token& stop) {
  while (true) {
    layers::Layer layer;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !made_.empty(); })) return;
      layer = std::move(made_.front());
      made_.pop_front();
    }
    try {
      make_blobs(layer, stop);
    } catch (const std::exception&) {
      // The output that needs the blob meets the same obstacle, and has somebody to tell.
    }
  }
}

void BlobsAhead::make_blobs(const layers::Layer& layer, const std::stop_token& stop) {
  for (const auto& needs : needs_) {
    const auto blob = layers_.ensure_blob(layer, needs.compression, false, stop);
    if (!needs.destinations.empty() && pusher_ != nullptr)
      pusher_->begin_push(blob, needs.destinations);
  }
}

}  // namespace ibuild::builder
