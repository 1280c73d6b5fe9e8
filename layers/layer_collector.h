#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "layers/layer_entry.h"
#include "layers/layer_index.h"

namespace ibuild::layers {

/// Makes one consistent layer out of entries in the order of a tar, as an unpacker would:
/// the last of several entries for one path counts, links of this layer in a parent path are
/// followed inside the root, whiteouts and opaque marks apply to lower layers only, wherever they
/// stand. Every problem is a ContentError.
class LayerCollector {
 public:
  /// Takes an entry and gives it as it counts: with its real path, and a hard link with the real
  /// path of the file it names at this moment. A hard link to something else than a file comes
  /// back as a copy of that. The reference lives as long as the collector.
  const LayerEntry& add(LayerEntry entry);
  std::size_t size() const { return slots_.size(); }
  /// The finished index. Only once.
  LayerIndex finish(TarOrigin origin);

 private:
  struct WalkOrder {
    bool operator()(std::string_view a, std::string_view b) const {
      return compare_walk_order(a, b) < 0;
    }
  };
  struct Slot {
    LayerEntry entry;
    std::size_t file = 0;  // hard link: the slot of the file
  };
  using Live = std::map<std::string_view, std::size_t, WalkOrder>;

  base::RelPath real_parent(const base::RelPath& parent);
  base::RelPath follow(const base::RelPath& path) const;
  base::RelPath real_path(const base::RelPath& path);
  const LayerEntry& add_marker(LayerEntry marker);
  void resolve_hard_link(Slot& slot);
  void replace_at(const base::RelPath& path, EntryType type);
  bool has_live_below(std::string_view path) const;
  bool hides(std::string_view path) const;
  /// Gives which slots (hard links) take over the bytes of which (lost files).
  std::map<std::size_t, std::size_t> settle_hard_links();
  void settle_whiteouts(std::vector<LayerEntry>& entries);
  void settle_opaque_marks(std::vector<LayerEntry>& entries) const;

  std::deque<Slot> slots_;  // never moved: live_ looks into their paths
  Live live_;               // what stands at the end, by path
  std::deque<LayerEntry> markers_;
  std::set<std::string, std::less<>> opaque_;
  std::map<std::string, base::TimePoint, WalkOrder> whiteouts_;
  base::RelPath last_parent_;  // as told and as it is: entries of one directory stand together
  base::RelPath last_real_parent_;
  bool last_parent_is_valid_ = false;
};

}  // namespace ibuild::layers
