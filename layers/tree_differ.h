#pragma once

#include <optional>
#include <stop_token>

#include "base/digest.h"
#include "base/thread_pool.h"
#include "layers/layer_builder.h"
#include "layers/layer_index.h"
#include "layers/upper_scan.h"

namespace ibuild::layers {

/// The new layer that an upper directory makes.
struct TreeDiff {
  LayerIndex index;
  base::Digest diff_id;
  UpperLeftovers leftovers = {};  // to be removed before the directory becomes the layer's tree
};

/// Finds what the upper directory changes (see UpperScan) and streams the tar of it through
/// SHA-256 without storing it; files are read once and get their digests on the way.
/// None when nothing differs.
/// Requires: nobody writes to the upper directory any more.
std::optional<TreeDiff> diff_upper_tree(const UpperTree& tree, base::ThreadPool& pool,
                                        const WarningSink& warn, std::stop_token stop);

/// The same difference as a layer of tar and index, for a tree that is not to become part of the
/// store. None when nothing differs. `into` is fresh.
std::optional<Layer> write_tree_diff(const UpperTree& tree, LayerBuilder& into,
                                     const WarningSink& warn, std::stop_token stop);

}  // namespace ibuild::layers
