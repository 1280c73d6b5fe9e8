#include "layers/plain_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "base/error.h"
#include "base/parent_at.h"
#include "layers/file_times.h"
#include "layers/tree_applier.h"

namespace ibuild::layers {

namespace {

/// Trees held open at once while files are copied out of them.
constexpr std::size_t kMaxOpenTrees = 64;

class Copier {
 public:
  Copier(const LayerChain& chain, const LayerStore& layers, const base::DirFd& into)
      : chain_(chain), layers_(layers), into_(into), applier_(into, OverlayXattrs::none) {}

  void add(const TreeView::Node& node) {
    LayerEntry entry;
    entry.mode = 0755;
    if (node.entry != nullptr) entry = *node.entry;
    if (node.is_directory()) entry.type = EntryType::directory;
    const base::RelPath source = entry.path;
    entry.path = node.path;
    if (entry.type == EntryType::file) {
      const base::UniqueFd fd =
          base::open_at(tree_of(node.layer), source, O_RDONLY | O_NONBLOCK | O_NOCTTY);
      return applier_.add_copy(entry, fd.get());
    }
    applier_.add(entry, nothing_);
    const bool is_device =
        entry.type == EntryType::char_device || entry.type == EntryType::block_device;
    if (is_device && !base::try_lstat_at(into_, entry.path)) lacking_.insert(entry.path);
    if (entry.type == EntryType::directory) directories_.push_back(std::move(entry));
  }

  std::set<base::RelPath> finish() {
    applier_.finish(LayerIndex(std::move(directories_)));
    return std::move(lacking_);
  }

 private:
  const base::DirFd& tree_of(std::size_t layer) {
    const auto known = trees_.find(layer);
    if (known != trees_.end()) return known->second;
    if (trees_.size() >= kMaxOpenTrees) trees_.clear();
    return trees_.emplace(layer, layers_.open_tree(chain_[layer])).first->second;
  }

  const LayerChain& chain_;
  const LayerStore& layers_;
  const base::DirFd& into_;
  TreeApplier applier_;
  base::StringSource nothing_{{}};
  std::map<std::size_t, base::DirFd> trees_;
  std::vector<LayerEntry> directories_;
  std::set<base::RelPath> lacking_;
};

}  // namespace

std::set<base::RelPath> copy_chain(const LayerChain& chain, const TreeView& view,
                                   const LayerStore& layers, const base::DirFd& into,
                                   const std::stop_token& stop) {
  Copier copier(chain, layers, into);
  copier.add(view.root().node());
  view.walk({}, [&](const TreeView::Node& node) {
    if (stop.stop_requested()) throw base::CancelledError();
    copier.add(node);
  });
  return copier.finish();
}

void settle_directory_times(const TreeView& view, const base::DirFd& root) {
  auto settle = [&](const TreeView::Node& node) {
    if (!node.is_directory()) return;
    // As TreeApplier makes those that no layer has an entry for.
    const base::TimePoint time = node.entry != nullptr ? node.entry->mtime : base::TimePoint();
    const base::ParentAt place(root, node.path);
    set_mtime(place.fd(), place.name(), time, root.show(node.path));
  };
  settle(view.root().node());
  view.walk({}, settle);
}

}  // namespace ibuild::layers
