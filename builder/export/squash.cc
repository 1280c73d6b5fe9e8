#include "builder/export/squash.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "builder/export/estargz.h"
#include "builder/export/output_times.h"
#include "builder/export/root_file_system.h"
#include "builder/export/set_times.h"
#include "layers/layer_builder.h"
#include "layers/layer_store.h"
#include "layers/store.h"

namespace ibuild::builder {

namespace {

class IntoLayer : public RootFileSystem::Visitor {
 public:
  explicit IntoLayer(layers::LayerBuilder& layer) : layer_(layer) {}
  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override {
    layer_.add(entry, data);
  }

 private:
  layers::LayerBuilder& layer_;
};

layers::Layer merge_layers(const layers::LayerChain& chain, const layers::Store& store,
                           const base::Clock& clock, std::stop_token stop) {
  const auto layer = store.layers().begin_layer();
  IntoLayer into(*layer);
  SetTimes clamp(into, clock, SetTimes::Which::later);
  RootFileSystem(chain, store, std::move(stop)).visit(clamp);
  return layer->commit();
}

}  // namespace

bool wants_squash(const OutputAttributes& attributes) {
  return attributes.flag(kSquashAttribute, false);
}

bool wants_own_layers(const OutputAttributes& attributes) {
  const bool rewrites =
      read_time_rewriting(attributes, TimeRewriting::none) != TimeRewriting::none &&
      output_clock(attributes, {}).is_fixed();
  return rewrites || wants_squash(attributes) || wants_estargz(attributes);
}

FinishedImage squash_image(const FinishedImage& image, const layers::Store& store,
                           const base::Clock& clock, std::stop_token stop) {
  if (image.layers.size() < 2) return image;
  FinishedImage squashed;
  squashed.config = image.config;
  squashed.attestations = image.attestations;
  squashed.layers.push_back(merge_layers(image.layers, store, clock, std::move(stop)));
  squashed.config.diff_ids = {squashed.layers.front().diff_id};
  if (squashed.config.history.empty()) return squashed;  // nobody wants one
  for (auto& entry : squashed.config.history) entry.empty_layer = true;
  image::HistoryEntry merged;
  merged.created = image.config.created;
  merged.created_by = "squash";
  merged.comment = std::to_string(image.layers.size()) + " layers as one";
  squashed.config.history.push_back(std::move(merged));
  return squashed;
}

FinishedBuild as_wanted(const FinishedBuild& build, const OutputAttributes& attributes,
                        const Services& services, std::stop_token stop) {
  const bool squash = wants_squash(attributes);
  const bool estargz = wants_estargz(attributes);
  if (!squash && !estargz && !attributes.text(kEpochAttribute)) return build;
  const auto clock = output_clock(attributes, services.clock);
  FinishedBuild wanted = build;
  for (auto& image : wanted.images) {
    image = with_output_times(image, attributes, services.store, stop);
    if (squash && !image.config.inline_cache.empty()) {
      base::UsageError error("a squashed image cannot carry an inline cache of its layers");
      error.set_hint("use --cache-to type=registry or type=local");
      throw error;
    }
    if (squash) image = squash_image(image, services.store, clock, stop);
    if (estargz) image = with_estargz(image, attributes, services.store, stop);
  }
  return wanted;
}

}  // namespace ibuild::builder
