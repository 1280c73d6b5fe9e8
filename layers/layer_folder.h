#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/fs_at.h"
#include "base/unique_fd.h"
#include "image/descriptor.h"
#include "layers/layer_index.h"
#include "layers/temp_file.h"

namespace ibuild::layers {

/// layers/<hex of the diff-id>/ of the store: the forms of one layer by name. Forms are put there
/// by rename and never changed afterwards. A value; opens nothing by itself.
/// See: docs/design/layer_forms.md.
class LayerFolder {
 public:
  /// `layers` must outlive the folder. `tree_name` is that of this process.
  /// Throws: ContentError when `diff_id` is no sha256.
  LayerFolder(const base::DirFd& layers, const base::Digest& diff_id, std::string tree_name);

  bool has_index() const;
  bool has_tree() const;
  bool has_tar() const;

  /// Null when there is none. Throws ContentError when it is damaged.
  std::shared_ptr<const LayerIndex> try_read_index() const;
  std::optional<base::UniqueFd> try_open_tar() const;
  std::optional<base::DirFd> try_open_tree() const;
  /// A file of the tree; none when there is no tree or no such file.
  std::optional<base::UniqueFd> try_open_in_tree(const base::RelPath& path) const;

  void put_index(const LayerIndex& index) const;
  void put_tar(TempFile& tar) const;
  /// Moves `parent`/`name` here and marks it as made in this run of the machine. False when a tree
  /// stands already.
  bool put_tree(const base::DirFd& parent, const std::string& name,
                const std::string& boot_id) const;
  bool has_tree_mark(const std::string& boot_id) const;
  void put_tree_mark(const std::string& boot_id) const;
  void remove_index() const;
  void remove_tar() const;
  /// Moves the tree into `temp` first, so that no half-removed one is ever seen.
  void remove_tree(const base::DirFd& temp) const;

  /// The blob made of this layer in one way of compression ("gzip-5"); none when none is known, or
  /// what is known was damaged.
  std::optional<image::Descriptor> try_read_blob_record(const std::string& way) const;
  void put_blob_record(const std::string& way, const image::Descriptor& blob) const;
  void remove_blob_records() const;
  /// All blobs made of this layer, as far as they are known; nothing is said of their bytes.
  std::vector<image::Descriptor> blob_records() const;
  /// The eStargz blob made of this layer, which is another layer's by its diff-id.
  std::optional<image::Descriptor> try_read_estargz_record(int level) const;
  void put_estargz_record(int level, const image::Descriptor& blob) const;

 private:
  /// A damaged one is removed. `media_type`: see try_parse_blob_record.
  std::optional<image::Descriptor> try_read_record(const std::string& name,
                                                   std::string_view media_type) const;
  void put_record(const std::string& name, const image::Descriptor& blob) const;
  base::RelPath path(std::string_view name) const;
  bool has_file(std::string_view name) const;
  base::DirFd open_or_make() const;

  const base::DirFd& layers_;
  base::Digest diff_id_;
  base::RelPath folder_;
  std::string tree_name_;
};

}  // namespace ibuild::layers
