#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/stream.h"
#include "layers/index_image.h"
#include "layers/layer_entry.h"

namespace ibuild::layers {

/// Whether the layer's tar is what TarWriter makes of the entries, so that it can be made again
/// from a tree, or somebody else's bytes.
enum class TarOrigin { foreign, own };

/// The sorted entries of one layer. Immutable, cheap to copy, for any thread. One that was read
/// from disk makes its entries when they are asked for: finding one of 50,000 costs microseconds.
class LayerIndex {
 public:
  LayerIndex();
  /// Sorts. Throws ContentError when two entries claim one path (a later duplicate of a tar must
  /// have been merged by the reader: the last one wins, as in every unpacker).
  explicit LayerIndex(std::vector<LayerEntry> entries, TarOrigin origin = TarOrigin::foreign);
  /// Takes the on-disk form; whether the tar is our own is one of its flags.
  explicit LayerIndex(IndexImage image);

  std::span<const LayerEntry> entries() const;
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  TarOrigin origin() const { return origin_; }
  LayerIndex with_origin(TarOrigin origin) const;
  /// True when some entry's parent directory has no entry: it is the lower layers' directory, or
  /// made with mode 0755.
  bool has_implicit_directories() const;

  /// The entry of exactly this path that is no opaque marker; null when there is none. A whiteout
  /// is found too.
  const LayerEntry* find(const base::RelPath& path) const;
  bool is_opaque(const base::RelPath& directory) const;
  /// Everything strictly below `directory`, in walk order (a contiguous range).
  std::span<const LayerEntry> below(const base::RelPath& directory) const;

  /// Positions [begin, end) in walk order.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool empty() const { return begin == end; }
  };
  Range all() const { return {0, size()}; }
  /// The first position within `range` whose path is not before `path`; range.end when none is.
  std::size_t lower_bound(std::string_view path, Range range) const;
  /// The entries within `range` that lie at `path` or below it.
  Range within(std::string_view path, Range range) const;
  std::string_view path_at(std::size_t position) const;
  EntryType type_at(std::size_t position) const;
  const LayerEntry& at(std::size_t position) const;
  /// The same for those who look at every entry once: it is not kept here.
  LayerEntry copy_of(std::size_t position) const;

  /// The on-disk form (versioned, checksummed; see docs/design/layer_index_format.md). Reading
  /// checks everything and throws ContentError.
  void serialize(base::ByteSink& out) const;
  static LayerIndex deserialize(std::string_view bytes);

  /// The file in the folder of the layer `diff_id`: the on-disk form, then whose it is.
  void write(const base::Digest& diff_id, base::ByteSink& out) const;
  /// Reads an open file whole. One of older versions, which does not tell whose it is, counts.
  /// Throws: ContentError when it is damaged or that of another layer.
  static LayerIndex read(int fd, const base::Digest& diff_id, std::string_view shown_as);

 private:
  struct State;
  explicit LayerIndex(std::shared_ptr<const State> state, TarOrigin origin);

  std::shared_ptr<const State> state_;  // shared by copies: immutable
  TarOrigin origin_ = TarOrigin::foreign;
};

/// The parent directories without an entry of their own, in walk order.
std::vector<base::RelPath> implicit_directories(const LayerIndex& index);

}  // namespace ibuild::layers
