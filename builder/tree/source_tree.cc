#include "builder/tree/source_tree.h"

#include "builder/tree/link_walk.h"

namespace ibuild::builder {

SourceTree::Listing SourceTree::list_soon(const base::RelPath& directory) const {
  return std::async(std::launch::deferred, [this, directory] { return children(directory); });
}

std::optional<SourceFile> resolve(const SourceTree& tree, const base::RelPath& path,
                                  bool follow_last) {
  const auto lookup = [&](const base::RelPath& at) -> std::optional<PathKind> {
    const auto file = tree.lookup(at);
    if (!file) return std::nullopt;
    PathKind kind{file->is_directory(), std::nullopt};
    if (file->is_symlink()) kind.link_target = file->entry.link_target;
    return kind;
  };
  const auto real = follow_links(path, lookup, follow_last ? LastLink::follow : LastLink::keep,
                                 Missing::gives_none);
  return real ? tree.lookup(*real) : std::nullopt;
}

}  // namespace ibuild::builder
