#include "builder/ops/copy_layout.h"

#include <map>

namespace ibuild::builder {
namespace {

/// Files of one source that are one file stay one file; those of different sources do not become
/// one.
class LinkGroups {
 public:
  explicit LinkGroups(const SelectedSource& source)
      : tag_(reinterpret_cast<std::uintptr_t>(&source)) {}
  std::optional<LinkKey> group_of(const SourceFile& file) {
    if (!file.link) return std::nullopt;
    return LinkKey{tag_, groups_.emplace(*file.link, groups_.size()).first->second};
  }

 private:
  std::uint64_t tag_;
  std::map<LinkKey, std::uint64_t> groups_;
};

void place_directory(const SelectedSource& source, const base::RelPath& target,
                     DestinationTree& tree) {
  LinkGroups links(source);
  const auto files = tree.begin_files({source.entries, source.root.path(), target, *source.tree});
  for (std::size_t i = 0; i < source.entries.size(); ++i) {
    const SelectedEntry entry = source.entries[i];
    const auto path = target.join(source.below(entry));
    if (!entry.picked) {
      tree.pass_directory(path, entry.file);
    } else if (entry.file.is_directory()) {
      tree.put_directory(path, entry.file);
    } else if (const auto link = links.group_of(entry.file)) {
      tree.put_file(path, SourceRef(source.entries, i), *source.tree, link);
    } else {
      tree.put_file(path, files, i);
    }
  }
}

}  // namespace

CopyDestination CopyDestination::parse(const std::string& text) {
  return {base::RelPath::clean(text), text.ends_with('/') || text.ends_with("/.")};
}

void place_source(const SelectedSource& source, const CopyDestination& destination,
                  DestinationTree& tree) {
  tree.make_directories(
      tree.resolve(destination.is_directory ? destination.path : destination.path.parent()));
  base::RelPath target = tree.resolve(destination.path);
  if (source.root.is_directory()) {
    const bool is_new = tree.lookup(target) == nullptr;
    tree.make_directories(target);
    // As BuildKit does it, a directory that stands already gets its source's time as well. A root's
    // time is that of its making, which means nothing.
    if (is_new || !source.root.path().is_root()) tree.set_time(target, source.root.entry.mtime);
    return place_directory(source, target, tree);
  }
  if (tree.is_directory(target)) target = target.join(source.name);
  tree.make_directories(target.parent());
  tree.put_file(target, SourceRef(source.root), *source.tree, std::nullopt);
}

}  // namespace ibuild::builder
