#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/stream.h"
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

  /// Writes `entries` (sorted, no path twice) in this form.
  static void write(std::span<const LayerEntry> entries, IndexFlags flags, base::ByteSink& out);

 private:
  void check_records() const;
  void check_paths() const;

  std::unique_ptr<char[]> bytes_;
  std::size_t count_ = 0;
  const Record* records_ = nullptr;
  std::string_view heap_;
  IndexFlags flags_;
};

}  // namespace ibuild::layers
