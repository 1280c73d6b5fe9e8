#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "builder/ops/added_entries.h"
#include "builder/ops/selected_entries.h"
#include "builder/ops/user_lookup.h"
#include "builder/tree/source_tree.h"
#include "layers/layer_store.h"
#include "layers/tree_view.h"
#include "parser/chmod.h"

namespace ibuild::builder {

/// A new layer in the making: what COPY, ADD or WORKDIR puts on top of a file system that is known
/// by its index only. Nothing is mounted or unpacked. The entries are written at the end, in walk
/// order, together with the directories above them.
class DestinationTree {
 public:
  /// How entries that come in are changed.
  struct Rules {
    std::optional<Owner> chown;
    std::optional<parser::FileMode> chmod;
    std::uint32_t made_directory_mode = 0755;
    base::TimePoint made_directory_time{};
    std::optional<base::TimePoint> latest_time;  // later times become this one (SOURCE_DATE_EPOCH)
  };
  /// `parent` must outlive this.
  DestinationTree(const layers::TreeView& parent, Rules rules)
      : parent_(parent), rules_(std::move(rules)) {}

  /// What stands at `path` now; null: nothing. No link is followed. Valid until the next call.
  const layers::LayerEntry* lookup(const base::RelPath& path) const;
  bool is_directory(const base::RelPath& path) const;
  /// Follows every link; components that do not exist are taken as they are. Links are confined to
  /// `root`.
  base::RelPath resolve(const base::RelPath& path, const base::RelPath& root = {}) const;

  /// Who asks for a directory: the instruction (then it has owner and mode as the rules say), the
  /// unpacking of an archive into it (then the owner only; mode 0755), or an archive that lacks an
  /// entry for it (then root owns it, mode 0755).
  enum class MadeBy { instruction, unpacking, archive };
  /// Makes `path` and the directories above it where they are missing.
  /// Throws: base::UsageError when something on the way is no directory.
  void make_directories(const base::RelPath& path, MadeBy by = MadeBy::instruction);
  /// Gives a directory that stands there another time.
  void set_time(const base::RelPath& path, base::TimePoint mtime);
  /// A directory with the source's mode, owner and times (as the rules change them); one that
  /// stands already keeps its content. Throws: base::UsageError when something else stands there.
  void put_directory(const base::RelPath& path, const SourceFile& source);
  /// As put_directory, but only where it is missing; an existing one gets the source's mode at
  /// most.
  void pass_directory(const base::RelPath& path, const SourceFile& source);
  /// A file, link or device, in place of what is no directory. Files with one `link` become hard
  /// links of each other; `content` and `source` must outlive this. Throws: base::UsageError when a
  /// directory stands there.
  void put_file(const base::RelPath& path, const SourceRef& source, const ContentSource& content,
                std::optional<LinkKey> link);
  /// The same for those of very many files that have one name only: `path` is that of the one at
  /// `place` of `files`, which begin_files() gave.
  void put_file(const base::RelPath& path, std::uint32_t files, std::size_t place);
  std::uint32_t begin_files(PlacedFiles files) { return added_.begin_files(std::move(files)); }
  /// Puts an entry as it is, in place of whatever stands there but a directory on a directory: how
  /// an archive is unpacked.
  void put_entry(layers::LayerEntry entry, const SourceRef& source, const ContentSource& content);
  /// One more name, that of `entry`, for the file at `target`, which takes mode, owner and time
  /// from `entry`; of a link or device it is a copy. False when nothing or a directory stands
  /// there.
  bool put_hard_link(const layers::LayerEntry& entry, const base::RelPath& target);
  /// Takes away what stands at `path`, with all below it.
  void remove(const base::RelPath& path);

  bool empty() const { return added_.empty() && hidden_.empty(); }
  /// Gives every entry to `out`, after which the tree is empty. `opener` opens files of the parent,
  /// of which new hard links were made. Names that would read as whiteouts are left out and told to
  /// `warn`.
  using ParentOpener =
      std::function<std::unique_ptr<base::ByteSource>(const layers::TreeView::Node&)>;
  /// Forgets what the parent has already, the same in all but the times of directories. To be
  /// called once, before write().
  void leave_out_unchanged(const ParentOpener& opener, std::stop_token stop);
  void write(layers::LayerBuilder& out, const ParentOpener& opener,
             const std::function<void(std::string)>& warn, std::stop_token stop);

 private:
  using Added = AddedEntries::Added;
  struct WalkOrder {
    bool operator()(const base::RelPath& a, const base::RelPath& b) const {
      return layers::compare_walk_order(a.str(), b.str()) < 0;
    }
  };
  using Paths = std::set<base::RelPath, WalkOrder>;

  std::optional<layers::TreeView::Node> in_parent(const base::RelPath& path) const;
  /// As in_parent, hidden or not.
  std::optional<layers::TreeView::Node> below(const base::RelPath& path) const;
  /// Null when it is missing. Valid until the next call. Most are asked for directory by directory,
  /// or one below the other: those above the last one stay open.
  const layers::TreeView::Directory* open_in_parent(const base::RelPath& path) const;
  bool is_in_parent_already(const base::RelPath& path, const AddedEntries::View& added,
                            const ParentOpener& opener) const;
  void leave_out_unchanged_files(const ParentOpener& opener, const std::stop_token& stop);
  bool is_hidden(const base::RelPath& path) const;
  layers::LayerEntry apply_rules(const base::RelPath& path, const SourceFile& source) const;
  layers::LayerEntry entry_of(const base::RelPath& path, const AddedEntries::View& added) const;
  layers::LayerEntry of_source(const base::RelPath& path, const SourceFile& source) const;
  base::TimePoint clamp(base::TimePoint time) const;
  void refuse_directory(const base::RelPath& path) const;
  void add(layers::LayerEntry entry);
  void tell_of_link(const LinkKey& link, const layers::LayerEntry& entry);
  void apply_link_facts(const LinkKey& link, layers::LayerEntry& entry) const;
  void add_parents();
  void add_whiteouts();
  std::unique_ptr<base::ByteSource> open_bytes(const AddedEntries::View& added,
                                               const std::optional<SourceFile>& source,
                                               const ParentOpener& opener) const;

  const layers::TreeView& parent_;
  Rules rules_;
  AddedEntries added_;
  Paths hidden_;  // what the parent has there and below is gone
  std::uint64_t next_link_ = 0;
  std::map<LinkKey, layers::LayerEntry> link_facts_;         // what the last link told of the file
  mutable std::vector<layers::TreeView::Directory> opened_;  // see open_in_parent
  mutable std::optional<base::RelPath> missing_;             // where the last one was not found
  mutable layers::LayerEntry looked_up_;                     // what nobody else holds
};

}  // namespace ibuild::builder
