#include "layers/layer.h"

namespace ibuild::layers {

base::Digest chain_id(const LayerChain& chain) {
  base::Digest id;
  for (const Layer& layer : chain) {
    id = id.empty() ? layer.diff_id : base::sha256_of(id.str() + " " + layer.diff_id.str());
  }
  return id;
}

std::string layer_folder(const base::Digest& diff_id) { return std::string(diff_id.hex()); }

}  // namespace ibuild::layers
