// make_plain_backend and make_snapshot_backend of layers/working_tree.h.
#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/kept_owners.h"
#include "layers/plain_copy.h"
#include "layers/special_owners.h"
#include "layers/tree_differ.h"
#include "layers/tree_snapshot.h"
#include "layers/working_tree.h"

namespace ibuild::layers {

namespace {

const base::RelPath kRoot = base::RelPath::exact("root");
/// Committed trees that wait for the next step: each is a copy of a whole root file system.
constexpr std::size_t kMaxKeptTrees = 2;

/// A root file system on disk, and the paths that could not be made in it.
struct RootCopy {
  base::TempDir folder;
  std::set<base::RelPath> lacking;
  base::DirFd root() const { return base::open_dir_at(folder.dir(), kRoot); }
};

/// Trees of finished steps by what they show.
class KeptTrees {
 public:
  std::unique_ptr<RootCopy> take(const base::Digest& chain) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(trees_.begin(), trees_.end(),
                                    [&](const auto& tree) { return tree.first == chain; });
    if (found == trees_.end()) return nullptr;
    std::unique_ptr<RootCopy> tree = std::move(found->second);
    trees_.erase(found);
    return tree;
  }
  void put(const base::Digest& chain, std::unique_ptr<RootCopy> tree) {
    std::unique_ptr<RootCopy> dropped;  // removed outside the lock
    const std::lock_guard lock(mutex_);
    if (trees_.size() == kMaxKeptTrees) {
      dropped = std::move(trees_.front().second);
      trees_.erase(trees_.begin());
    }
    trees_.emplace_back(chain, std::move(tree));
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<base::Digest, std::unique_ptr<RootCopy>>> trees_;  // the oldest first
};

std::unique_ptr<RootCopy> copy_root(const LayerChain& chain, const TreeView& view,
                                    const LayerStore& layers, const base::DirFd& temp_dir,
                                    const std::stop_token& stop) {
  auto copy = std::make_unique<RootCopy>(RootCopy{base::TempDir(temp_dir, "run-"), {}});
  base::make_dirs(copy->folder.dir(), kRoot, 0700);
  copy->lacking = copy_chain(chain, view, layers, copy->root(), stop);
  return copy;
}

/// Of links, fifos and devices a layer tells each name as a thing of its own: the tree has to say.
bool has_names_beside(const LayerEntry& entry, const base::DirFd& root) {
  switch (entry.type) {
    case EntryType::hardlink:
      return true;
    case EntryType::symlink:
    case EntryType::fifo:
    case EntryType::char_device:
    case EntryType::block_device: {
      const auto info = base::try_lstat_at(root, entry.path);
      return info && info->st_nlink > 1;
    }
    default:
      return false;
  }
}

/// Whether a step whose changes are `index` left several names of one thing in the tree.
bool has_hard_links(const LayerIndex& index, const base::DirFd& root) {
  const auto entries = index.entries();
  return std::any_of(entries.begin(), entries.end(),
                     [&](const LayerEntry& entry) { return has_names_beside(entry, root); });
}

class PlainTree : public WorkingTree {
 public:
  PlainTree(const LayerStore& layers, const base::DirFd& temp_dir, KeptTrees& kept,
            LayerChain chain, const std::stop_token& stop)
      : layers_(layers), kept_(kept), chain_(std::move(chain)) {
    look_at_chain(stop);
    copy_ = kept_.take(shown_);
    if (!copy_) {
      layers_.materialize_all(chain_, {.index = true, .tree = true}, stop);
      copy_ = copy_root(chain_, *view_, layers_, temp_dir, stop);
    }
    root_ = copy_->root();
    before_.emplace(root_, copy_->lacking);
    special_owners_ = special_owners_of(*view_, indexes_, root_);
  }

  const base::DirFd& root() const override { return root_; }
  bool is_detached_mount() const override { return false; }
  std::vector<base::SpecialOwner> special_owners() const override { return special_owners_; }

  std::optional<Layer> commit(const WarningSink& warn, std::stop_token stop) override {
    const UpperTree tree{.upper = root_,
                         .xattrs = OverlayXattrs::none,
                         .chain = chain_,
                         .lower = *view_,
                         .layers = layers_,
                         .latest_time = latest_time(),
                         .before = &*before_,
                         .check = check(),
                         .special_owners = &final_special_owners(),
                         .merged = &root_};
    const auto builder = layers_.begin_layer(blob());
    auto layer = write_tree_diff(tree, *builder, warn, stop);
    keep(layer, stop);
    return layer;
  }

 private:
  void look_at_chain(const std::stop_token& stop) {
    indexes_.clear();
    LayerChain filled;
    for (const Layer& layer : chain_) {
      indexes_.push_back(layers_.index(layer, stop));
      if (!indexes_.back()->empty()) filled.push_back(layer);
    }
    view_.emplace(indexes_);
    shown_ = chain_id(filled);
  }

  void keep(const std::optional<Layer>& layer, const std::stop_token& stop) {
    if (layer) {
      // Names of one file are separate files in a tree that is made of layers.
      if (has_hard_links(*layers_.index(*layer, stop), root_)) return;
      chain_.push_back(*layer);
      look_at_chain(stop);
    }
    settle_directory_times(*view_, root_);
    root_ = {};
    kept_.put(shown_, std::move(copy_));
  }

  const LayerStore& layers_;
  KeptTrees& kept_;
  LayerChain chain_;
  base::Digest shown_;  // of the chain without empty layers, which steps without changes leave
  std::vector<std::shared_ptr<const LayerIndex>> indexes_;
  std::optional<TreeView> view_;
  std::vector<base::SpecialOwner> special_owners_;
  std::unique_ptr<RootCopy> copy_;
  base::DirFd root_;
  std::optional<TreeSnapshot> before_;
};

class PlainBackend : public SnapshotBackend {
 public:
  PlainBackend(const LayerStore& layers, const base::DirFd& temp_dir)
      : layers_(layers), temp_(temp_dir.dup()) {}
  std::unique_ptr<WorkingTree> open(const LayerChain& chain, std::stop_token stop) override {
    base::check_keeps_owners(temp_);
    return std::make_unique<PlainTree>(layers_, temp_, kept_, chain, stop);
  }

 private:
  const LayerStore& layers_;
  base::DirFd temp_;
  KeptTrees kept_;
};

}  // namespace

std::unique_ptr<SnapshotBackend> make_plain_backend(const LayerStore& layers,
                                                    const base::DirFd& temp_dir) {
  return std::make_unique<PlainBackend>(layers, temp_dir);
}

std::unique_ptr<SnapshotBackend> make_snapshot_backend(const LayerStore& layers,
                                                       const base::DirFd& temp_dir) {
  const OverlayXattrs xattrs = overlay_xattrs_for(temp_dir);
  if (xattrs == OverlayXattrs::none) return make_plain_backend(layers, temp_dir);
  return make_overlay_backend(layers, temp_dir, xattrs);
}

}  // namespace ibuild::layers
