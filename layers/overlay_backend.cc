#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/kept_owners.h"
#include "layers/background_remover.h"
#include "layers/file_times.h"
#include "layers/overlay_mount.h"
#include "layers/special_owners.h"
#include "layers/tree_applier.h"
#include "layers/tree_differ.h"
#include "layers/upper_leftovers.h"
#include "layers/working_tree.h"

namespace ibuild::layers {

namespace {

using Indexes = std::vector<std::shared_ptr<const LayerIndex>>;

const base::RelPath kUpper = base::RelPath::exact("upper");
const base::RelPath kWork = base::RelPath::exact("work");

base::DirFd make_dir(const base::DirFd& parent, const base::RelPath& path) {
  base::make_dirs(parent, path, 0700);
  return base::open_dir_at(parent, path);
}

/// A lower directory of the mount: one layer's tree, or that of the chain's first layers merged.
struct Lower {
  std::size_t layer = 0;
  bool is_merged = false;  // stands for all layers up to `layer`
};

/// The uppermost first.
std::vector<Lower> stack_of(const Indexes& indexes) {
  std::size_t first = 0;
  for (std::size_t i = indexes.size(); i-- > 0 && first == 0;) {
    // overlayfs does not look at an opaque mark of a layer's root.
    if (indexes[i]->is_opaque({})) first = i;
  }
  std::vector<Lower> stack;
  // Merged in steps, so that the next RUN of a long build finds the merged tree again.
  const std::size_t count = indexes.size() - first;
  const std::size_t merged = count <= kMaxOverlayLowers
                                 ? first
                                 : (indexes.size() - 1) / kMaxOverlayLowers * kMaxOverlayLowers;
  for (std::size_t i = indexes.size(); i-- > merged;) stack.push_back({.layer = i});
  if (merged != first) stack.push_back({.layer = merged - 1, .is_merged = true});
  return stack;
}

/// The upper directory's root is that of the chain; and so are directories that some layer has
/// without an entry of its own: in its tree they are made up and would hide the real ones.
LayerIndex upper_directories(const TreeView& view, const Indexes& indexes) {
  std::vector<base::RelPath> paths = {base::RelPath()};
  for (const auto& index : indexes) {
    if (!index->has_implicit_directories()) continue;
    for (const base::RelPath& path : implicit_directories(*index)) {
      for (base::RelPath up = path; !up.is_root(); up = up.parent()) paths.push_back(up);
    }
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  std::vector<LayerEntry> entries;
  for (const base::RelPath& path : paths) {
    const auto node = view.lookup(path);
    if (!node || !node->is_directory()) continue;
    LayerEntry entry;
    entry.mode = 0755;
    if (node->entry != nullptr) entry = *node->entry;
    entry.type = EntryType::directory;
    entry.path = path;
    entries.push_back(std::move(entry));
  }
  return LayerIndex(std::move(entries));
}

class OverlayTree : public WorkingTree {
 public:
  struct Place {
    const base::DirFd& temp_dir;
    BackgroundRemover& remover;
  };
  OverlayTree(const LayerStore& layers, const Place& place, OverlayXattrs xattrs, LayerChain chain,
              std::stop_token stop)
      : layers_(layers),
        remover_(place.remover),
        xattrs_(xattrs),
        chain_(std::move(chain)),
        folder_(place.temp_dir, "run-"),
        upper_(make_dir(folder_.dir(), kUpper)) {
    layers_.materialize_all(chain_, {.index = true, .tree = true}, stop);
    Indexes indexes;
    for (const Layer& layer : chain_) indexes.push_back(layers_.index(layer, stop));
    view_.emplace(indexes);
    prepare_upper(indexes);
    root_ = chain_.empty() ? open_plain_root() : mount(indexes, stop);
    special_owners_ = special_owners_of(*view_, indexes, root_);
  }

  OverlayTree(const OverlayTree&) = delete;
  OverlayTree& operator=(const OverlayTree&) = delete;
  ~OverlayTree() override {
    root_ = {};  // unmounted before it is removed
    remover_.remove(std::move(folder_), std::move(upper_));
  }

  const base::DirFd& root() const override { return root_; }
  bool is_detached_mount() const override { return !chain_.empty(); }
  std::vector<base::SpecialOwner> special_owners() const override { return special_owners_; }

  std::optional<Layer> commit(const WarningSink& warn, std::stop_token stop) override {
    if (final_special_owners().empty()) root_ = {};  // unmounts
    const auto blob = this->blob() ? layers_.begin_blob(*this->blob()) : nullptr;
    const UpperTree tree{.upper = upper_,
                         .xattrs = xattrs_,
                         .chain = chain_,
                         .lower = *view_,
                         .layers = layers_,
                         .latest_time = latest_time(),
                         .check = check(),
                         .tar = blob.get(),
                         .special_owners = &final_special_owners(),
                         .merged = &root_};
    const auto diff = diff_upper_tree(tree, layers_.pool(), warn, std::move(stop));
    root_ = {};
    if (!diff) return std::nullopt;
    remove_leftovers(upper_, diff->leftovers, xattrs_);
    auto layer = layers_.adopt_tree(folder_.dir(), kUpper.str(), diff->index, diff->diff_id);
    if (blob) blob->finish(layer.diff_id);
    return layer;
  }

 private:
  void prepare_upper(const Indexes& indexes) {
    TreeApplier applier(upper_, xattrs_);
    const LayerIndex directories = upper_directories(*view_, indexes);
    base::StringSource nothing({});
    for (const LayerEntry& entry : directories.entries()) applier.add(entry, nothing);
    applier.finish(directories);
  }

  base::DirFd open_plain_root() const {
    return {base::open_at(folder_.dir(), kUpper, O_PATH | O_DIRECTORY), upper_.shown_as()};
  }

  base::DirFd mount(const Indexes& indexes, const std::stop_token& stop) const {
    const base::DirFd work = make_dir(folder_.dir(), kWork);
    const std::vector<Lower> stack = stack_of(indexes);
    auto open_lower = [&](std::size_t i) {
      const Lower& lower = stack[i];
      if (!lower.is_merged) return layers_.open_tree(chain_[lower.layer], stop);
      const auto end = chain_.begin() + static_cast<std::ptrdiff_t>(lower.layer + 1);
      return layers_.open_merged_tree(LayerChain(chain_.begin(), end), stop);
    };
    return mount_overlay({.lower_count = stack.size(),
                          .open_lower = open_lower,
                          .upper = upper_,
                          .work = work,
                          .xattrs = xattrs_});
  }

  const LayerStore& layers_;
  BackgroundRemover& remover_;
  OverlayXattrs xattrs_;
  LayerChain chain_;
  base::TempDir folder_;
  base::DirFd upper_;
  std::optional<TreeView> view_;
  std::vector<base::SpecialOwner> special_owners_;
  base::DirFd root_;
};

class OverlayBackend : public SnapshotBackend {
 public:
  OverlayBackend(const LayerStore& layers, const base::DirFd& temp_dir, OverlayXattrs xattrs)
      : layers_(layers), temp_(temp_dir.dup()), xattrs_(xattrs) {}
  std::unique_ptr<WorkingTree> open(const LayerChain& chain, std::stop_token stop) override {
    base::check_keeps_owners(temp_);
    // overlayfs takes no directory twice.
    return std::make_unique<OverlayTree>(layers_, OverlayTree::Place{temp_, remover_}, xattrs_,
                                         without_repeats(chain), std::move(stop));
  }

 private:
  const LayerStore& layers_;
  base::DirFd temp_;
  OverlayXattrs xattrs_;
  BackgroundRemover remover_;
};

}  // namespace

std::unique_ptr<SnapshotBackend> make_overlay_backend(const LayerStore& layers,
                                                      const base::DirFd& temp_dir,
                                                      OverlayXattrs xattrs) {
  return std::make_unique<OverlayBackend>(layers, temp_dir, xattrs);
}

}  // namespace ibuild::layers
