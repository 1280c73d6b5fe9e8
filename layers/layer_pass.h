#pragma once

#include <stop_token>

#include "base/digest.h"
#include "base/fs_at.h"
#include "base/stream.h"
#include "base/thread_pool.h"
#include "layers/layer_index.h"
#include "layers/overlay_format.h"

namespace ibuild::layers {

/// What one pass over a layer's tar makes beside the index.
struct LayerPassTargets {
  const base::DirFd* tree = nullptr;  // an empty directory to unpack into; null: none
  OverlayXattrs xattrs = OverlayXattrs::trusted;
  base::ByteSink* tar = nullptr;  // gets a copy of all bytes; null: none
};

/// Reads the tar of a layer once: hashes it, checks the diff-id at the end, and makes the index and
/// the targets. Hashing runs in the pool meanwhile.
/// Throws: ContentError when the tar is damaged or not that of `diff_id`, CancelledError.
LayerIndex run_layer_pass(base::ByteSource& tar, const base::Digest& diff_id,
                          const LayerPassTargets& targets, base::ThreadPool& pool,
                          std::stop_token stop);

}  // namespace ibuild::layers
