#pragma once

#include "base/clock.h"
#include "base/digest.h"
#include "layers/layer_index.h"

namespace ibuild::builder {

/// While a step worked.
struct TimeSpan {
  base::TimePoint start;
  base::TimePoint end;
};

/// A digest of all that a layer holds, but times that lie within `span`: those say only when the
/// step ran, not what it did. Times that a step sets on purpose, or takes over from a source,
/// count. Throws: ContentError when a file has no content digest.
base::Digest fingerprint(const layers::LayerIndex& index, const TimeSpan& span);

}  // namespace ibuild::builder
