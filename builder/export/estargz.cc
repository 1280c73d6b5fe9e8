#include "builder/export/estargz.h"

#include <utility>

#include "builder/export/replace_layer.h"
#include "layers/layer_store.h"
#include "layers/store.h"

namespace ibuild::builder {

bool wants_estargz(const OutputAttributes& attributes) {
  return attributes.text("compression") == "estargz";
}

FinishedImage with_estargz(const FinishedImage& image, const OutputAttributes& attributes,
                           const layers::Store& store, std::stop_token stop) {
  FinishedImage made = image;
  const auto level = attributes.number("compression-level");
  const bool all = attributes.flag("force-compression", false);
  for (std::size_t i = all ? 0 : made.base_layers; i < made.layers.size(); ++i)
    replace_layer(made, i, store.layers().ensure_estargz(made.layers[i], level, stop));
  return made;
}

}  // namespace ibuild::builder
