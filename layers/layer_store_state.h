#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/files.h"
#include "base/synchronized.h"
#include "layers/layer_folder.h"
#include "layers/layer_store.h"
#include "layers/overlay_format.h"

namespace ibuild::layers {

/// What all parts of the layer store work with.
struct LayerStore::State {
  base::DirFd layers;
  base::DirFd temp;
  base::DirFd locks;
  const ContentStore& content;
  base::ThreadPool& pool;
  OverlayXattrs xattrs;
  std::string tree_name;
  std::string boot_id;
  // Shared with those who look at them: an index outlives its eviction.
  using Indexes = std::unordered_map<base::Digest, std::shared_ptr<const LayerIndex>>;
  mutable base::Synchronized<Indexes> indexes{};

  mutable base::Synchronized<std::unordered_set<base::Digest>> whole_trees{};  // known to be so

  /// Whether the layer has a tree in which nothing was lost when the machine went down.
  bool has_whole_tree(const base::Digest& diff_id) const;
  /// A blob that was made of the layer and is there; none otherwise.
  std::optional<image::Descriptor> made_blob(const base::Digest& diff_id) const;
  LayerFolder folder(const base::Digest& diff_id) const { return {layers, diff_id, tree_name}; }
  /// Held while the forms of a layer are made, so that nobody makes them twice.
  base::LockFile lock(const base::Digest& diff_id, std::stop_token stop) const {
    return base::LockFile::acquire(locks,
                                   base::RelPath::exact("layer-" + std::string(diff_id.hex())),
                                   base::LockFile::Mode::exclusive, std::move(stop));
  }
};

}  // namespace ibuild::layers
