#pragma once

#include "base/digest.h"
#include "layers/layer_index.h"

namespace ibuild::builder {

/// A digest of all that a layer holds but the times of its files. Throws: ContentError when an entry has no content digest.
base::Digest fingerprint_without_times(const layers::LayerIndex& index);

}  // namespace ibuild::builder
