#pragma once

#include "base/stream.h"
#include "layers/block_pipeline.h"

namespace ibuild::layers {

/// Makes gzip members that inflate to a block, one or more. For several threads at once.
/// Header without time and name: equal blocks give equal bytes on every machine.
/// Throws: base::UsageError when the level is not 0 to 9.
BlockPipeline::Transform gzip_members(int level);

/// The same as one member, whatever the bytes are.
BlockBuffer gzip_member(int level, base::Bytes plain);

}  // namespace ibuild::layers
