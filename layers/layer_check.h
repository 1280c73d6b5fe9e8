#pragma once

#include "base/stream.h"
#include "layers/layer_index.h"

namespace ibuild::layers {

/// Looks at a layer while it is made, before it is in the store. Gets the bytes of its tar, in
/// order; what it throws ends the making, and nothing of the layer is kept.
class LayerCheck : public base::ByteSink {
 public:
  /// After the last byte. The entries of `index` say where in the tar their files' bytes start.
  virtual void finish(const LayerIndex& index) = 0;
};

}  // namespace ibuild::layers
