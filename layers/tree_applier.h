#pragma once

#include <cstddef>
#include <vector>

#include "base/fs_at.h"
#include "base/owner_record.h"
#include "base/stream.h"
#include "base/unique_fd.h"
#include "layers/layer_entry.h"
#include "layers/layer_index.h"
#include "layers/overlay_format.h"

namespace ibuild::layers {

/// Unpacks one layer into an empty directory, in the form that overlayfs takes as a lower layer:
/// whiteouts as character devices 0/0, opaque directories by xattr (neither of them for
/// OverlayXattrs::none). Works relative to descriptors
/// and follows no link. The process's umask does not matter.
/// Where devices cannot be made, as in a user namespace, they are left out of the tree (the layer's
/// index keeps them). Owners, modes, times and file capabilities are set where the process may.
/// With a single id, owners are recorded instead (base/owner_record.h), and devices are empty files
/// with a record; links and fifos with other owners are known from the index alone.
class TreeApplier {
 public:
  /// `tree` is empty and nobody else's; it must outlive the applier.
  TreeApplier(const base::DirFd& tree, OverlayXattrs xattrs);

  /// Makes an entry as LayerCollector gives it; `data` is read for files alone. Entries may come in
  /// any order as in a tar; later ones replace former ones.
  /// Throws: SystemError, with a hint when an id is not mapped here.
  void add(const LayerEntry& entry, base::ByteSource& data);
  /// As add() for a file whose bytes are those of `source_fd`, from its position to its end: blocks
  /// are shared where the file system can.
  void add_copy(const LayerEntry& entry, int source_fd);
  /// Makes whiteouts and opaque marks and settles the directories.
  void finish(const LayerIndex& index);

 private:
  int open_parent(const base::RelPath& path);
  void forget_parent(const base::RelPath& replaced);
  void make_room(const base::RelPath& path);
  void add_directory(const LayerEntry& entry);
  void add_file(const LayerEntry& entry, base::ByteSource& data);
  base::UniqueFd create_file(const LayerEntry& entry);
  void settle_file(int fd, const LayerEntry& entry);
  void add_hard_link(const LayerEntry& entry);
  void add_symlink(const LayerEntry& entry);
  void add_node(const LayerEntry& entry);
  void add_whiteout(const base::RelPath& path);
  void mark_opaque(const base::RelPath& directory);
  void settle_directory(const LayerEntry& entry);
  void set_owner(int parent, const char* name, const LayerEntry& entry);
  void record_owner(int fd, const LayerEntry& entry);
  void add_device_record(const LayerEntry& entry);
  void set_xattrs(int fd, const LayerEntry& entry);
  bool is_own(const LayerEntry& entry) const;
  bool must_change_owner(const LayerEntry& entry) const;

  const base::DirFd& tree_;
  OverlayXattrs xattrs_;
  uid_t uid_;  // what this process makes belongs to these
  gid_t gid_;
  bool records_owners_ = base::must_record_owners();
  base::RelPath parent_path_;  // of parent_
  base::UniqueFd parent_;      // the parent of the entry added last
  std::vector<std::byte> buffer_;
};

}  // namespace ibuild::layers
