#pragma once

#include "layers/layer.h"
#include "layers/store.h"

namespace ibuild::builder {

/// Marks layers of a base as used now, where they are in the store: those of steps are known by
/// their records. Costs a look at each, and something to write once an hour.
void note_use(const layers::Store& store, const layers::LayerChain& layers);

}  // namespace ibuild::builder
