#include "layers/tree_view.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::layers {

namespace {

constexpr int kMaxLinks = 255;

std::string_view top_component(std::string_view path, std::size_t from) {
  const std::string_view rest = path.substr(from);
  return rest.substr(0, rest.find('/'));
}

/// The file that a hard link names.
const LayerEntry& resolve_hard_link(const LayerIndex& index, const LayerEntry& link) {
  const LayerEntry* file = index.find(base::RelPath::exact(link.link_target));
  if (file == nullptr || file->type != EntryType::file) {
    throw base::ContentError("hard link \"" + base::printable(link.path.absolute()) +
                             "\" names \"" + base::printable(link.link_target) +
                             "\", which is no file of its layer");
  }
  return *file;
}

/// Components still to be walked, the next one last.
class PendingPath {
 public:
  explicit PendingPath(const base::RelPath& path) { push(path.str()); }
  /// "." and empty components are left out, ".." is kept.
  void push(std::string_view path) {
    std::vector<std::string_view> parts = base::split(path, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (!part->empty() && *part != ".") parts_.emplace_back(*part);
    }
  }
  bool empty() const { return parts_.empty(); }
  std::string pop() {
    std::string part = std::move(parts_.back());
    parts_.pop_back();
    return part;
  }

 private:
  std::vector<std::string> parts_;
};

void count_link(int& links, const base::RelPath& path) {
  if (++links > kMaxLinks) {
    throw base::Error("\"" + base::printable(path.absolute()) +
                      "\": too many symbolic links (ELOOP)");
  }
}

}  // namespace

/// What a directory's name means, over all layers.
struct TreeView::Directory::Found {
  Node node;
  std::vector<Part> parts;  // for a directory
};

TreeView::TreeView(std::vector<std::shared_ptr<const LayerIndex>> layers)
    : layers_(std::move(layers)) {}

/// Gathers, from the uppermost layer down, what the layers say of one path.
class TreeView::Merge {
 public:
  Merge(const TreeView& view, Node& node, std::vector<Directory::Part>& parts)
      : view_(view), node_(node), parts_(parts) {}

  /// Takes the entries of `layer` at and below the node's path. False when nothing lower counts.
  bool add(std::size_t layer, LayerIndex::Range range) {
    const LayerIndex& entries = view_.index(layer);
    bool makes_opaque = false;
    for (; !range.empty() && entries.path_at(range.begin) == node_.path.str(); ++range.begin) {
      const EntryType type = entries.type_at(range.begin);
      if (type == EntryType::opaque) {
        makes_opaque = true;
      } else if (type == EntryType::directory) {
        if (node_.entry == nullptr) take(layer, entries.at(range.begin));
        exists_ = true;
      } else {
        // What an upper layer made a directory stays one, and this is hidden by it.
        if (!exists_ && type != EntryType::whiteout) take_file(layer, entries.at(range.begin));
        return false;
      }
    }
    exists_ = exists_ || makes_opaque || !range.empty();
    if (!is_opaque_ && !range.empty()) parts_.push_back({layer, range});
    is_opaque_ = is_opaque_ || makes_opaque;
    // Below an opaque mark a lower layer may still say whose directory it is.
    return !is_opaque_ || node_.entry == nullptr;
  }
  bool exists() const { return exists_; }

 private:
  void take(std::size_t layer, const LayerEntry& entry) {
    node_.entry = &entry;
    node_.layer = layer;
  }
  void take_file(std::size_t layer, const LayerEntry& entry) {
    const bool is_link = entry.type == EntryType::hardlink;
    take(layer, is_link ? resolve_hard_link(view_.index(layer), entry) : entry);
    exists_ = true;
  }

  const TreeView& view_;
  Node& node_;
  std::vector<Directory::Part>& parts_;
  bool exists_ = false;
  bool is_opaque_ = false;
};

TreeView::Directory TreeView::root() const {
  Directory root;
  root.view_ = this;
  Merge merge(*this, root.node_, root.parts_);
  for (std::size_t layer = layers_.size(); layer-- > 0;) {
    if (!merge.add(layer, index(layer).all())) break;
  }
  return root;
}

std::optional<TreeView::Directory::Found> TreeView::Directory::find(std::string_view name) const {
  Found found;
  found.node.path = node_.path.child(name);
  Merge merge(*view_, found.node, found.parts);
  for (const Part& part : parts_) {
    const LayerIndex& entries = view_->index(part.layer);
    if (!merge.add(part.layer, entries.within(found.node.path.str(), part.below))) break;
  }
  if (!merge.exists()) return std::nullopt;
  return found;
}

std::optional<TreeView::Node> TreeView::Directory::child(std::string_view name) const {
  auto found = find(name);
  if (!found) return std::nullopt;
  return std::move(found->node);
}

std::optional<TreeView::Directory> TreeView::Directory::subdirectory(std::string_view name) const {
  auto found = find(name);
  if (!found || !found->node.is_directory()) return std::nullopt;
  Directory directory;
  directory.view_ = view_;
  directory.node_ = std::move(found->node);
  directory.parts_ = std::move(found->parts);
  return directory;
}

std::vector<std::string_view> TreeView::Directory::names() const {
  const std::size_t skip = node_.path.is_root() ? 0 : node_.path.str().size() + 1;
  std::vector<std::string_view> names;
  for (const Part& part : parts_) {
    const LayerIndex& entries = view_->index(part.layer);
    LayerIndex::Range rest = part.below;
    while (!rest.empty()) {
      const std::string_view path = entries.path_at(rest.begin);
      const std::string_view name = top_component(path, skip);
      names.push_back(name);
      rest.begin = entries.within(path.substr(0, skip + name.size()), rest).end;
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<TreeView::Node> TreeView::Directory::children() const {
  std::vector<Node> nodes;
  for (std::string_view name : names()) {
    if (auto node = child(name)) nodes.push_back(*std::move(node));
  }
  return nodes;
}

std::optional<TreeView::Directory> TreeView::open_directory(const base::RelPath& path) const {
  Directory directory = root();
  for (std::string_view part : path.components()) {
    auto next = directory.subdirectory(part);
    if (!next) return std::nullopt;
    directory = *std::move(next);
  }
  return directory;
}

std::optional<TreeView::Node> TreeView::lookup(const base::RelPath& path) const {
  if (path.is_root()) return root().node();
  const auto parent = open_directory(path.parent());
  if (!parent) return std::nullopt;
  return parent->child(path.name());
}

std::optional<TreeView::Node> TreeView::resolve(const base::RelPath& path, bool follow_last) const {
  PendingPath pending(path);
  Directory directory = root();
  int links = 0;
  while (!pending.empty()) {
    const std::string name = pending.pop();
    if (name == "..") {
      directory = *open_directory(directory.node().path.parent());
      continue;
    }
    auto node = directory.child(name);
    if (!node) return std::nullopt;
    const bool is_link = !node->is_directory() && node->entry->type == EntryType::symlink;
    if (is_link && (!pending.empty() || follow_last)) {
      count_link(links, path);
      if (node->entry->link_target.starts_with('/')) directory = root();
      pending.push(node->entry->link_target);
    } else if (pending.empty()) {
      return node;
    } else if (!node->is_directory()) {
      return std::nullopt;
    } else {
      directory = *directory.subdirectory(name);
    }
  }
  return directory.node();
}

base::RelPath TreeView::resolve_destination(const base::RelPath& path) const {
  PendingPath pending(path);
  base::RelPath reached;
  std::optional<Directory> directory = root();  // none: `reached` does not exist
  int links = 0;
  while (!pending.empty()) {
    const std::string name = pending.pop();
    if (name == "..") {
      reached = reached.parent();
      directory = open_directory(reached);
      continue;
    }
    const auto node = directory ? directory->child(name) : std::nullopt;
    if (node && !node->is_directory() && node->entry->type == EntryType::symlink) {
      count_link(links, path);
      if (node->entry->link_target.starts_with('/')) {
        reached = {};
        directory = root();
      }
      pending.push(node->entry->link_target);
      continue;
    }
    reached = reached.join(name);
    if (directory) directory = directory->subdirectory(name);
  }
  return reached;
}

std::vector<TreeView::Node> TreeView::children(const base::RelPath& directory) const {
  const auto opened = open_directory(directory);
  return opened ? opened->children() : std::vector<Node>();
}

void TreeView::walk(const base::RelPath& directory,
                    const std::function<void(const Node&)>& visit) const {
  const auto opened = open_directory(directory);
  if (!opened) return;
  // An own stack: the depth of a tree comes from outside. Each level: its children, those still
  // to be visited from `next` on.
  struct Level {
    Directory directory;
    std::vector<std::string_view> names;
    std::size_t next = 0;
  };
  std::vector<Level> levels;
  levels.push_back({*opened, opened->names()});
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.next == level.names.size()) {
      levels.pop_back();
      continue;
    }
    auto found = level.directory.find(level.names[level.next++]);
    if (!found) continue;
    visit(found->node);
    if (!found->node.is_directory() || found->parts.empty()) continue;
    Directory below;
    below.view_ = this;
    below.node_ = std::move(found->node);
    below.parts_ = std::move(found->parts);
    auto names = below.names();
    levels.push_back({std::move(below), std::move(names)});
  }
}

}  // namespace ibuild::layers
