#pragma once

#include <deque>
#include <memory>
#include <stop_token>
#include <string>

#include "base/fs_at.h"
#include "builder/ops/destination_tree.h"
#include "builder/tree/source_tree.h"
#include "layers/temp_file.h"

namespace ibuild::builder {

/// Whether a file is a tar archive, plain or compressed by gzip, bzip2, xz or zstd. Its content
/// tells, not its name.
bool is_archive(const ContentSource& source, const SourceFile& file);

/// A local archive that an ADD extracts: its entries, and the bytes of its files in a temporary,
/// since layers are written in another order than archives are.
class ArchiveContents : public ContentSource {
 public:
  /// Reads the archive to its end. Throws: ContentError for what is no good archive or leads above
  /// its root; SystemError.
  ArchiveContents(const ContentSource& source, const SourceFile& file, const base::DirFd& temp_dir,
                  std::stop_token stop);

  /// Puts the entries below `destination`, in their order, as tar(1) extracts: links that stand
  /// there or come with the archive are followed with `destination` as "/", what is in the way of
  /// an entry is replaced, directories are merged. Names that cannot be in a layer are left out and
  /// told to `warn`. This must outlive `tree`. Throws: base::UsageError.
  void place(const base::RelPath& destination, DestinationTree& tree,
             const std::function<void(std::string)>& warn) const;

  std::unique_ptr<base::ByteSource> open(const SourceFile& file) const override;

 private:
  void take(layers::LayerEntry entry, base::ByteSource& data);
  void place_entry(const SourceFile& file, const base::RelPath& destination,
                   DestinationTree& tree) const;

  layers::TempFile spool_;
  std::uint64_t spooled_bytes_ = 0;
  std::deque<SourceFile> entries_;  // addresses stay
};

}  // namespace ibuild::builder
