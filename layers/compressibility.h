#pragma once

#include <cstddef>
#include <vector>

#include "base/stream.h"

namespace ibuild::layers {

/// How much of a block is looked at in one go.
inline constexpr std::size_t kPieceBytes = 8 << 10;

/// True for bytes that deflate would not make smaller by a per cent: their values are spread evenly
/// and nothing comes twice (archives, pictures, encrypted data). Costs a fraction of the attempt.
/// Depends on nothing but the bytes.
bool looks_incompressible(base::Bytes piece);

/// A part of a block that is worth compressing, or is not.
struct BlockRun {
  base::Bytes bytes;
  bool is_compressible = true;
};

/// Cuts a block where that changes, at multiples of kPieceBytes. Fewer than two pieces in a row
/// that are not worth it stay with what is around them: a cut costs what matches would reach over
/// it. An empty block is one empty run.
std::vector<BlockRun> runs_of(base::Bytes block);

}  // namespace ibuild::layers
