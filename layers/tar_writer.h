#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/stream.h"
#include "layers/layer_entry.h"

namespace ibuild::layers {

/// Writes a deterministic PAX tar (ustar headers, pax extended headers only where a value does not
/// fit): the same entries give the same bytes everywhere, and those that Go's archive/tar writes
/// for the same headers. No user or group names, no atime or ctime, mtime in whole seconds, entry
/// names relative ("./" for the root), directories end in '/'.
/// Whiteouts are written as `.wh.NAME` files (mode, owner 0; their mtime counts), opaque markers
/// are the caller's to expand (explicit whiteouts).
/// `out` gets small pieces: put a buffer before a descriptor.
/// See: pax in POSIX.1-2017 (ustar, extended header keywords), image-spec/layer.md.
class TarWriter {
 public:
  explicit TarWriter(base::ByteSink& out) : out_(out) {}
  /// Writes one entry; `data` gives exactly entry.size_bytes bytes for a file and is not read else.
  /// Gives the offset of the data in the stream. Throws ContentError when the data is shorter or
  /// longer, and for what no layer can hold: a name that looks like a whiteout, a path above 4095
  /// bytes, an opaque marker.
  std::uint64_t add(const LayerEntry& entry, base::ByteSource* data);
  /// The two zero blocks at the end.
  void finish();
  std::uint64_t offset() const { return offset_; }

 private:
  void write(std::string_view bytes);
  void copy_data(const LayerEntry& entry, base::ByteSource* data);

  base::ByteSink& out_;
  std::uint64_t offset_ = 0;
  std::string header_;             // kept for its memory
  std::vector<std::byte> buffer_;  // made for the first file
};

}  // namespace ibuild::layers
