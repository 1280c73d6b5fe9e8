#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "layers/layer_index.h"

namespace ibuild::layers {

/// The file system that a chain of layers makes, seen through their indexes alone. Immutable, for
/// any thread.
class TreeView {
  class Merge;

 public:
  /// Lowest layer first.
  explicit TreeView(std::vector<std::shared_ptr<const LayerIndex>> layers);

  /// An entry and the layer (index into the chain) it comes from. A hard link is already resolved
  /// to its file: `entry` is the file's, `path` the one asked for. A directory that exists only as
  /// the parent of something has entry null (mode 0755, root).
  struct Node {
    const LayerEntry* entry = nullptr;
    std::size_t layer = 0;
    base::RelPath path;
    bool is_directory() const { return entry == nullptr || entry->type == EntryType::directory; }
  };

  /// One directory of the merged tree, with those parts of the layers that show through in it.
  /// Going down from directory to directory is cheaper than a lookup of each whole path.
  /// Requires: the TreeView outlives it.
  class Directory {
   public:
    const Node& node() const { return node_; }
    /// Direct child; none when there is none.
    std::optional<Node> child(std::string_view name) const;
    /// Direct child that is a directory; none when it is missing or something else.
    std::optional<Directory> subdirectory(std::string_view name) const;
    /// Direct children, sorted by name.
    std::vector<Node> children() const;

   private:
    friend class TreeView;
    friend class Merge;
    struct Part {
      std::size_t layer;
      LayerIndex::Range below;
    };
    struct Found;
    std::optional<Found> find(std::string_view name) const;
    std::vector<std::string_view> names() const;

    const TreeView* view_ = nullptr;
    Node node_;
    std::vector<Part> parts_;  // the uppermost layer first
  };

  Directory root() const;
  /// None when `path` is missing or no directory (links are not followed).
  std::optional<Directory> open_directory(const base::RelPath& path) const;

  /// Without following a link in the last component (links in earlier ones are not followed
  /// either: they hide what is below).
  std::optional<Node> lookup(const base::RelPath& path) const;
  /// Follows links in every component inside the root, the last one too when `follow_last`. None
  /// when something is missing. The node's path is the one that was reached.
  /// Throws: Error after 255 links (ELOOP).
  std::optional<Node> resolve(const base::RelPath& path, bool follow_last) const;
  /// Follows links in existing components; components that do not exist are taken as they are.
  /// Where a COPY to `path` lands.
  base::RelPath resolve_destination(const base::RelPath& path) const;
  /// Direct children, sorted by name; none for what is no directory.
  std::vector<Node> children(const base::RelPath& directory) const;
  /// Everything below `directory` in walk order, the directory itself not included.
  void walk(const base::RelPath& directory, const std::function<void(const Node&)>& visit) const;

 private:
  const LayerIndex& index(std::size_t layer) const { return *layers_[layer]; }

  std::vector<std::shared_ptr<const LayerIndex>> layers_;  // shared: kept by the store as well
};

}  // namespace ibuild::layers
