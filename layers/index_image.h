#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/byte_chunks.h"
#include "layers/layer_entry.h"

namespace ibuild::layers {

/// What the header of an index file says beside its entries.
struct IndexFlags {
  bool own_tar = false;               // the diff-id is that of TarWriter's bytes
  bool implicit_directories = false;  // some parent directory has no entry of its own
  bool opaque_root = false;           // nothing of lower layers shows through
  bool operator==(const IndexFlags&) const = default;
};

/// The on-disk form of a layer's index, held in memory as it is: paths and types can be looked at
/// without making a LayerEntry. Immutable.
/// See: docs/design/layer_index_format.md.
class IndexImage {
 public:
  struct Header;
  struct Record;
  class Writer;

  /// Checks everything: size, sum, bounds, order, clean paths.
  /// Throws: ContentError, also for another version of the format.
  IndexImage(std::unique_ptr<char[]> bytes, std::size_t size);
  IndexImage(IndexImage&&) noexcept;
  IndexImage& operator=(IndexImage&&) noexcept;
  ~IndexImage();

  std::size_t size() const { return count_; }
  IndexFlags flags() const { return flags_; }
  std::string_view path(std::size_t i) const;
  EntryType type(std::size_t i) const;
  LayerEntry decode(std::size_t i) const;
  /// The form itself, as it stands on disk.
  std::string_view bytes() const { return {bytes_.get(), size_bytes_}; }

 private:
  void check_records() const;
  void check_paths() const;

  std::unique_ptr<char[]> bytes_;
  std::size_t size_bytes_ = 0;
  std::size_t count_ = 0;
  const Record* records_ = nullptr;
  std::string_view heap_;
  IndexFlags flags_;
};

/// Makes the on-disk form of entries that come one by one: a third of the memory that they take as
/// LayerEntry.
class IndexImage::Writer {
 public:
  /// Requires: entries come sorted, no path twice but an opaque mark after its directory.
  /// Throws: ContentError when the form has no room for one.
  void add(const LayerEntry& entry);
  bool empty() const { return count_ == 0; }
  /// What the entries so far tell by themselves: all but own_tar.
  IndexFlags flags() const { return flags_; }
  /// The form of all entries. Only once.
  IndexImage finish(IndexFlags flags);

 private:
  void take_flags(const LayerEntry& entry);

  std::size_t count_ = 0;
  base::ByteChunks records_;
  base::ByteChunks paths_;
  base::ByteChunks extras_;  // offsets in the records count from here until finish()
  std::string known_directory_;
  IndexFlags flags_;
};

}  // namespace ibuild::layers
