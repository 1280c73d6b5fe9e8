#pragma once

#include <cstdint>

#include "base/stream.h"
#include "layers/layer_entry.h"

namespace ibuild::layers {

/// Writes a deterministic PAX tar (ustar headers, pax extended headers only where a value does not fit): the same entries give the
/// same bytes everywhere. No user or group names, no atime or ctime, mtime in whole seconds, entry names relative, directories end in '/'.
/// Whiteouts are written as `.wh.NAME` files, opaque markers are the caller's to expand (explicit whiteouts).
/// See: pax in POSIX.1-2017 (ustar, extended header keywords), image-spec/layer.md.
class TarWriter {
 public:
  explicit TarWriter(base::ByteSink& out) : out_(out) {}
  /// Writes one entry; `data` gives exactly entry.size_bytes bytes for a file and is not read else.
  /// Gives the offset of the data in the stream. Throws ContentError when the data is shorter or longer.
  std::uint64_t add(const LayerEntry& entry, base::ByteSource* data);
  /// The two zero blocks at the end.
  void finish();
  std::uint64_t offset() const { return offset_; }

 private:
  base::ByteSink& out_;
  std::uint64_t offset_ = 0;
};

}  // namespace ibuild::layers
