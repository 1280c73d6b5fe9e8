// One tree in place of many, for chains that overlayfs cannot stack.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/parent_at.h"
#include "layers/boot_mark.h"
#include "layers/layer_store_state.h"
#include "layers/store_error.h"
#include "layers/tree_applier.h"
#include "layers/tree_view.h"

namespace ibuild::layers {

namespace {

/// Trees held open at once while files are linked out of them.
constexpr std::size_t kMaxOpenTrees = 64;

LayerEntry directory_entry(const TreeView::Node& node) {
  LayerEntry entry;
  entry.mode = 0755;
  if (node.entry != nullptr) entry = *node.entry;
  entry.type = EntryType::directory;
  entry.path = node.path;
  return entry;
}

/// Fills a directory with what a chain shows. Files are hard links to those in the layers' trees.
class Merger {
 public:
  Merger(const LayerChain& chain, const LayerStore& layers, const base::DirFd& into,
         OverlayXattrs xattrs)
      : chain_(chain), layers_(layers), into_(into), directories_(into, xattrs) {}

  void run(const std::stop_token& stop) {
    std::vector<std::shared_ptr<const LayerIndex>> indexes;
    for (const Layer& layer : chain_) indexes.push_back(layers_.index(layer, stop));
    const TreeView view(std::move(indexes));
    add(view.root().node());
    view.walk({}, [&](const TreeView::Node& node) {
      if (stop.stop_requested()) throw base::CancelledError();
      add(node);
    });
    directories_.finish(LayerIndex(std::move(entries_)));
  }

 private:
  void add(const TreeView::Node& node) {
    if (!node.is_directory()) return link(node);
    base::StringSource nothing({});
    entries_.push_back(directory_entry(node));
    directories_.add(entries_.back(), nothing);
  }

  const base::DirFd& tree_of(std::size_t layer) {
    const auto known = trees_.find(layer);
    if (known != trees_.end()) return known->second;
    if (trees_.size() >= kMaxOpenTrees) trees_.clear();
    return trees_.emplace(layer, layers_.open_tree(chain_[layer])).first->second;
  }

  void link(const TreeView::Node& node) {
    const base::ParentAt from(tree_of(node.layer), node.entry->path);
    const base::ParentAt to(into_, node.path);
    if (::linkat(from.fd(), from.name(), to.fd(), to.name(), 0) == 0) return;
    const bool is_device =
        node.entry->type == EntryType::char_device || node.entry->type == EntryType::block_device;
    if (errno == ENOENT && is_device) return;  // left out of trees in user namespaces
    throw_store_error(errno, "make hard link", into_.show(node.path));
  }

  const LayerChain& chain_;
  const LayerStore& layers_;
  const base::DirFd& into_;
  TreeApplier directories_;
  std::map<std::size_t, base::DirFd> trees_;
  std::vector<LayerEntry> entries_;
};

}  // namespace

base::DirFd LayerStore::open_merged_tree(const LayerChain& chain, std::stop_token stop) const {
  const std::string folder = "merged-" + std::string(chain_id(chain).hex());
  const base::RelPath tree = base::RelPath::exact(folder + "/" + state_->tree_name);
  const auto lock = base::LockFile::acquire(state_->locks, base::RelPath::exact(folder),
                                            base::LockFile::Mode::exclusive, stop);
  const bool is_there = base::try_lstat_at(state_->layers, tree).has_value();
  const bool is_whole = is_there && has_boot_mark(state_->layers, tree, state_->boot_id);
  if (is_there && !is_whole) base::remove_tree(state_->layers, tree);
  if (!is_whole) {
    base::TempDir made(state_->temp, "merged-");
    Merger(chain, *this, made.dir(), state_->xattrs).run(stop);
    base::make_dirs(state_->layers, tree.parent());
    const auto inode = base::lstat_at(state_->temp, base::RelPath::exact(made.name())).st_ino;
    put_boot_mark(state_->layers, tree, state_->boot_id, inode);
    if (::renameat(state_->temp.get(), made.name().c_str(), state_->layers.get(),
                   tree.str().c_str()) != 0) {
      throw_store_error(errno, "rename into", state_->layers.show(tree));
    }
    made.keep();
  }
  return base::open_dir_at(state_->layers, tree);
}

}  // namespace ibuild::layers
