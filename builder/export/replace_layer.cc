#include "builder/export/replace_layer.h"

#include <utility>

#include "base/error.h"

namespace ibuild::builder {

void replace_layer(FinishedImage& image, std::size_t position, layers::Layer layer) {
  if (layer.diff_id != image.layers[position].diff_id && !image.config.inline_cache.empty()) {
    base::UsageError error(
        "an image whose layers are rewritten for an output cannot carry an inline cache of them");
    error.set_hint("use --cache-to type=registry; for times set SOURCE_DATE_EPOCH for the build");
    throw error;
  }
  image.config.diff_ids[position] = layer.diff_id;
  image.layers[position] = std::move(layer);
}

}  // namespace ibuild::builder
