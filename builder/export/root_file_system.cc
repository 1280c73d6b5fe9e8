#include "builder/export/root_file_system.h"

#include <utility>

#include "base/error.h"
#include "builder/tree/layered_tree.h"

namespace ibuild::builder {

namespace {

using layers::EntryType;
using layers::LayerEntry;

/// A directory that no layer describes, only implies.
LayerEntry implied_directory(const base::RelPath& path) {
  LayerEntry entry;
  entry.path = path;
  entry.type = EntryType::directory;
  entry.mode = 0755;
  return entry;
}

}  // namespace

RootFileSystem::RootFileSystem(const layers::LayerChain& chain, const layers::Store& store,
                               std::stop_token stop)
    : chain_(chain), store_(store), stop_(stop), view_(view_of(store.layers(), chain, stop)) {}

void RootFileSystem::visit(Visitor& visitor) const {
  std::map<const LayerEntry*, base::RelPath> first_path;  // of files seen, for hard links
  view_.walk(base::RelPath(), [&](const layers::TreeView::Node& node) {
    if (stop_.stop_requested()) throw base::CancelledError();
    if (node.entry == nullptr) return visitor.visit(implied_directory(node.path), nullptr);
    LayerEntry entry = *node.entry;
    entry.path = node.path;
    if (entry.type != EntryType::file) return visitor.visit(entry, nullptr);
    const auto [first, is_new] = first_path.try_emplace(node.entry, node.path);
    if (!is_new) {
      entry.type = EntryType::hardlink;
      entry.link_target = first->second.str();
      entry.size_bytes = 0;
      return visitor.visit(entry, nullptr);
    }
    const auto data = store_.layers().open_file(chain_[node.layer], *node.entry, stop_);
    visitor.visit(entry, data.get());
  });
}

}  // namespace ibuild::builder
