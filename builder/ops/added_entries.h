#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/rel_path.h"
#include "builder/ops/selected_entries.h"
#include "builder/tree/source_tree.h"
#include "layers/layer_entry.h"

namespace ibuild::builder {

/// The files of a directory of a source, put below a directory of a tree. What it refers to must
/// outlive that.
struct PlacedFiles {
  const SelectedEntries& entries;
  base::RelPath root;    // of the source: paths of entries begin with it
  base::RelPath target;  // takes its place
  const ContentSource& content;
};

/// The entries of a layer in the making, in walk order. There may be very many that are just files
/// of a source: those take some ten bytes each. Positions are good until something is put or
/// erased. Not for several threads at once.
class AddedEntries {
 public:
  struct Added {
    std::unique_ptr<layers::LayerEntry> entry;  // null: what the tree's rules make of `source`
    SourceRef source;                           // of a file's bytes
    const ContentSource* content = nullptr;     // null: the parent's file at `copied_from`
    std::unique_ptr<base::RelPath> copied_from;
    std::optional<LinkKey> link;
  };
  /// The same to look at, good as long as the position.
  struct View {
    const layers::LayerEntry* entry = nullptr;
    SourceRef source;
    const ContentSource* content = nullptr;
    const base::RelPath* copied_from = nullptr;
    std::optional<LinkKey> link;
  };
  struct Position {
    std::size_t chunk = 0;
    std::size_t slot = 0;
    auto operator<=>(const Position&) const = default;
  };

  bool empty() const { return chunks_.empty(); }
  Position begin() const { return {}; }
  Position end() const { return {chunks_.size(), 0}; }
  Position next(Position at) const;
  Position previous(Position at) const;
  std::optional<Position> find(const base::RelPath& path) const;

  base::RelPath path(Position at) const;
  View view(Position at) const;
  /// The entry itself, to be changed.
  Added& edit(Position at);

  /// In place of what stands at `path`.
  void put(const base::RelPath& path, Added added);
  /// Only where nothing stands.
  void put_new(const base::RelPath& path, Added added);
  /// For put_file(): the number of `files`.
  std::uint32_t begin_files(PlacedFiles files);
  /// A file of what begin_files() was told, in place of what stands at `path`, which is where it
  /// belongs.
  void put_file(const base::RelPath& path, std::uint32_t files, std::size_t place);

  /// Takes away what stands at `path` and below it.
  void erase_within(const base::RelPath& path);
  /// Requires: in their order.
  void erase(std::span<const Position> positions);
  /// Gives back what an entry takes that nobody will ask for any more, but for its place.
  void release(Position at);
  void clear();

 private:
  struct Slot {
    std::uint32_t files;  // kOwn: `place` is one in own_
    std::uint32_t place;
  };
  struct Own {
    base::RelPath path;
    Added added;
  };
  using Chunk = std::vector<Slot>;

  Slot& slot(Position at) { return chunks_[at.chunk][at.slot]; }
  const Slot& slot(Position at) const { return chunks_[at.chunk][at.slot]; }
  /// The text of a slot's path, good until the next call.
  const std::string& text(const Slot& slot) const;
  /// The first entry that is not before `path`.
  Position lower_bound(const base::RelPath& path) const;
  bool stands_at(Position at, const base::RelPath& path) const;
  Slot add_own(const base::RelPath& path, Added added);
  void insert(Position at, Slot slot);
  void release(const Slot& slot);
  void drop_empty_chunks();

  std::vector<Chunk> chunks_;  // none is empty
  std::vector<PlacedFiles> files_;
  std::deque<Own> own_;
  mutable std::string text_;
};

}  // namespace ibuild::builder
