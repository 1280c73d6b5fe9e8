#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/stream.h"
#include "layers/layer_entry.h"

namespace ibuild::layers {

/// The sorted entries of one layer. Immutable.
class LayerIndex {
 public:
  LayerIndex() = default;
  /// Sorts. Throws ContentError when two entries claim one path (a later duplicate of a tar must have been merged by the reader: the last
  /// one wins, as in every unpacker).
  explicit LayerIndex(std::vector<LayerEntry> entries);

  std::span<const LayerEntry> entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }
  /// The entry of exactly this path that is no opaque marker; null when there is none. A whiteout is found too.
  const LayerEntry* find(const base::RelPath& path) const;
  bool is_opaque(const base::RelPath& directory) const;
  /// Everything strictly below `directory`, in walk order (a contiguous range).
  std::span<const LayerEntry> below(const base::RelPath& directory) const;

  /// The on-disk form (versioned, checksummed; see docs/design/store_format.md). Reading checks everything and throws ContentError.
  void serialize(base::ByteSink& out) const;
  static LayerIndex deserialize(std::string_view bytes);

 private:
  std::vector<LayerEntry> entries_;
};

}  // namespace ibuild::layers
