#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fs_at.h"
#include "base/owner_record.h"
#include "layers/blob_watcher.h"
#include "layers/layer.h"
#include "layers/layer_check.h"
#include "layers/layer_index.h"
#include "layers/overlay_format.h"

namespace ibuild::layers {

class LayerStore;

/// One writable root file system for a RUN. The destructor throws away what was not committed: the
/// mount, the upper directory.
class WorkingTree {
 public:
  virtual ~WorkingTree() = default;
  /// The root: a detached mount (fsmount) or a plain directory. Files may be opened below it at
  /// once, with no mount-table entry.
  virtual const base::DirFd& root() const = 0;
  /// True when root() is a detached mount that the sandbox has to attach with move_mount(2).
  virtual bool is_detached_mount() const = 0;
  /// The difference to the chain as a new layer in the store (index and tree; diff-id by streaming
  /// the tar through SHA-256). None when nothing differs. The tree cannot be used afterwards.
  /// Unchanged copy-ups are left out; sockets are left out with a warning to `warn` (may be empty).
  /// Requires: no process uses the tree any more.
  virtual std::optional<Layer> commit(const std::function<void(const std::string&)>& warn,
                                      std::stop_token stop = {}) = 0;
  /// What has a later time gets this one in the layer (SOURCE_DATE_EPOCH). Before commit().
  void set_latest_time(base::TimePoint latest) { latest_time_ = latest; }
  /// Where owners are recorded (base/owner_record.h): those of the links and fifos that the tree
  /// starts with, as far as they are not ours. Empty elsewhere.
  virtual std::vector<base::SpecialOwner> special_owners() const { return {}; }
  /// And those that they have in the end. Before commit().
  void set_special_owners(base::SpecialOwners owners) { special_owners_ = std::move(owners); }
  /// Sees the layer before it is kept. Before commit(); must live until then.
  void set_check(LayerCheck& check) { check_ = &check; }
  /// The layer gets a blob as well, compressed while its tar is hashed. Before commit().
  void set_blob(const BlobRequest& blob) { blob_ = blob; }

 protected:
  const std::optional<base::TimePoint>& latest_time() const { return latest_time_; }
  const base::SpecialOwners& final_special_owners() const { return special_owners_; }
  LayerCheck* check() const { return check_; }  // may be null
  const std::optional<BlobRequest>& blob() const { return blob_; }

 private:
  std::optional<base::TimePoint> latest_time_;
  base::SpecialOwners special_owners_;
  LayerCheck* check_ = nullptr;
  std::optional<BlobRequest> blob_;
};

/// Makes working trees. One per isolation profile; see ARCHITECTURE.md. For any thread.
class SnapshotBackend {
 public:
  /// Of what it opened nothing is left in the temporary directory any more.
  virtual ~SnapshotBackend() = default;
  /// A root file system made of `chain` (their trees are made when missing, several at a time).
  virtual std::unique_ptr<WorkingTree> open(const LayerChain& chain, std::stop_token stop = {}) = 0;
};

/// Detached overlay mounts (fsopen, fsconfig, fsmount; on older kernels a detached clone of one),
/// mounted volatile with redirect_dir, metacopy and index off. Kernel >= 5.11 for `user`. Chains
/// that are too long for overlayfs get their first layers merged into one tree. An empty chain is
/// a plain directory. `layers` must outlive the backend and what it opens; `temp_dir` lies on the
/// store's file system. `xattrs` is overlay_xattrs_of_this_process().
std::unique_ptr<SnapshotBackend> make_overlay_backend(const LayerStore& layers,
                                                      const base::DirFd& temp_dir,
                                                      OverlayXattrs xattrs);

/// Plain directories: a copy of everything the chain shows (blocks shared where the file system
/// can), compared with the chain's indexes afterwards. Needs no right to mount; what it takes is
/// space and time for the copies. A tree that was committed serves the next step on the same
/// chain, so that the steps of a stage cost one copy together. Same lifetimes as above.
std::unique_ptr<SnapshotBackend> make_plain_backend(const LayerStore& layers,
                                                    const base::DirFd& temp_dir);

/// Overlays where they can be mounted on `temp_dir`, plain directories else.
std::unique_ptr<SnapshotBackend> make_snapshot_backend(const LayerStore& layers,
                                                       const base::DirFd& temp_dir);

}  // namespace ibuild::layers
