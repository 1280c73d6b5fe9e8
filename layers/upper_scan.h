#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/fs_at.h"
#include "base/owner_record.h"
#include "layers/layer.h"
#include "layers/layer_check.h"
#include "layers/layer_entry.h"
#include "layers/layer_store.h"
#include "layers/overlay_format.h"
#include "layers/tree_snapshot.h"
#include "layers/tree_view.h"
#include "layers/upper_leftovers.h"

namespace ibuild::layers {

/// What a step wrote over a chain of layers.
struct UpperTree {
  const base::DirFd& upper;
  OverlayXattrs xattrs;
  const LayerChain& chain;
  const TreeView& lower;  // of the chain
  const LayerStore& layers;
  std::optional<base::TimePoint> latest_time = {};  // later ones become this one in the layer
  /// Not null: `upper` is no upper directory but the whole file system, as a plain directory, and
  /// this tells what was in it before the step.
  const TreeSnapshot* before = nullptr;
  LayerCheck* check = nullptr;    // sees the layer that is made of it
  base::ByteSink* tar = nullptr;  // gets the bytes of that layer's tar
  /// Where owners are recorded: those of links and fifos, by what they are in `merged`.
  const base::SpecialOwners* special_owners = nullptr;
  const base::DirFd* merged = nullptr;  // what the step saw as its root
};

using WarningSink = std::function<void(const std::string&)>;

/// Walks the upper directory of an overlay and finds what differs from the layers below.
/// Files that were copied up but are the same (type, mode, owner, size, time in seconds,
/// capabilities, content) do not count; of a directory its time does not count either, as it
/// changes with every file that comes and goes. Whiteouts count where there is something to
/// delete; an opaque directory becomes one for each name it hides.
/// A whole file system is looked at as an upper directory that hides everything below.
/// Where owners are recorded, the records count and not what lstat says; what was made in a setgid
/// directory without a word on its owner has that directory's group.
/// What no layer can hold is taken out of the upper directory, so that the tree is what a tar of it
/// would give: sockets (with a warning), user.* attributes, ACLs.
class UpperScan {
 public:
  /// The references must outlive the scan. `warn` may be empty.
  UpperScan(const UpperTree& tree, const WarningSink& warn, std::stop_token stop)
      : tree_(tree), warn_(warn), stop_(std::move(stop)) {}

  /// The entries of the new layer in walk order, with the parents of what changed; files without
  /// digests and attributes. Only once.
  /// Throws: ContentError for marks that a differ cannot read (redirects, metadata-only copies).
  std::vector<LayerEntry> run();
  /// What the upper directory has beside those entries. After run(), and only once; none of a whole
  /// file system.
  UpperLeftovers take_leftovers() { return std::move(leftovers_); }

 private:
  struct Node {
    LayerEntry entry;
    std::size_t parent = 0;               // place in nodes_
    bool is_part = false;                 // of the layer
    const LayerEntry* same_as = nullptr;  // the lower layers' entry when nothing has changed
  };
  /// A directory that is still to be read.
  struct Directory {
    std::size_t node = 0;
    std::optional<TreeView::Directory> lower;  // none: nothing is there below
    bool hides_lower = false;                  // opaque, or in an opaque directory
  };
  using Inode = std::pair<dev_t, ino_t>;

  void add_root();
  void scan(Directory directory);
  void scan_name(const Directory& directory, const base::DirFd& dir, const base::RelPath& path,
                 bool may_be_xattr_whiteout);
  void add_directory(const Directory& parent, LayerEntry entry,
                     const std::optional<TreeView::Node>& lower);
  void add_other(const Directory& parent, const base::DirFd& dir, LayerEntry entry,
                 const struct stat& info, const std::optional<TreeView::Node>& lower);
  void add_whiteout(std::size_t parent, const base::RelPath& path);
  void add_hidden_names(const Directory& directory, const std::vector<base::DirEntry>& present);
  void drop_socket(const base::DirFd& dir, const base::RelPath& path, bool hides_something);
  void take_record(const Directory& parent, const base::DirFd& dir, LayerEntry& entry,
                   bool is_in_lower) const;
  std::optional<base::OwnerRecord> find_record(const base::DirFd& dir,
                                               const LayerEntry& entry) const;
  bool is_whiteout(const base::DirFd& dir, const base::RelPath& path, const struct stat& info,
                   bool may_be_xattr_whiteout) const;
  bool is_same_file(const base::DirFd& dir, const LayerEntry& entry,
                    const TreeView::Node& lower) const;
  std::vector<std::size_t> walk_order() const;
  void settle_hard_links(const std::vector<std::size_t>& order);
  void include_parents();
  void note_leftovers();

  const UpperTree& tree_;
  const WarningSink& warn_;
  std::stop_token stop_;
  const bool records_owners_ = base::must_record_owners();
  std::vector<Node> nodes_;  // the root first
  std::vector<Directory> pending_;
  std::map<Inode, std::vector<std::size_t>> links_;  // files with several names
  UpperLeftovers leftovers_;
};

}  // namespace ibuild::layers
