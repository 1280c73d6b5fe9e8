#include "layers/layer.h"

#include <algorithm>
#include <set>

namespace ibuild::layers {

base::Digest chain_id(const LayerChain& chain) {
  base::Digest id;
  for (const Layer& layer : chain) {
    id = id.empty() ? layer.diff_id : base::sha256_of(id.str() + " " + layer.diff_id.str());
  }
  return id;
}

LayerChain without_repeats(const LayerChain& chain) {
  LayerChain kept;
  std::set<base::Digest> seen;
  for (auto layer = chain.rbegin(); layer != chain.rend(); ++layer) {
    if (seen.insert(layer->diff_id).second) kept.push_back(*layer);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

std::string layer_folder(const base::Digest& diff_id) { return std::string(diff_id.hex()); }

}  // namespace ibuild::layers
