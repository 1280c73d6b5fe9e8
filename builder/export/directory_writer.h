#pragma once

#include <set>
#include <utility>
#include <vector>

#include "base/fs_at.h"
#include "builder/export/root_file_system.h"

namespace ibuild::builder {

/// Lays files below a host directory as the calling user's own: modes and times are kept, owners
/// and extended attributes are not. No link of the destination is followed: one that stands where a
/// directory belongs is replaced.
class DirectoryWriter : public RootFileSystem::Visitor {
 public:
  enum class Others { keep, remove };  // what is there and was not visited
  explicit DirectoryWriter(base::DirFd root, Others others = Others::keep)
      : root_(std::move(root)), others_(others) {}
  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override;
  /// Removes the others, if that is wanted, and sets the times of directories, which writing into
  /// them has changed.
  void finish();

 private:
  void make_directory(const layers::LayerEntry& entry);
  void make_file(const layers::LayerEntry& entry, base::ByteSource& data);
  void make_node(const layers::LayerEntry& entry);
  void set_time(const layers::LayerEntry& entry) const;
  void remove_others(const base::RelPath& directory);

  base::DirFd root_;
  Others others_;
  std::set<base::RelPath> visited_;  // with their parents; empty when others are kept
  std::vector<layers::LayerEntry> directories_;
};

}  // namespace ibuild::builder
