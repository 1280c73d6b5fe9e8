#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "layers/layer_entry.h"
#include "layers/tar_extension.h"
#include "layers/tar_format.h"

namespace ibuild::layers {

/// Reads the uncompressed tar of a layer, entry by entry: ustar, pax, GNU long names and base-256
/// numbers, V7. Everything in it may be hostile. As Go's archive/tar wherever formats are unclear,
/// so that a layer means here what it means elsewhere. Names are cleaned ("/a", "./a" → "a").
/// In a layer names that lead above the root and sparse files are refused (image-spec advises
/// against these, and no other place of a file's bytes is known than its data in the archive); in
/// other archives such names are confined, and sparse files come out whole.
/// `.wh.NAME` becomes an entry of type whiteout, `.wh..wh..opq` one of type opaque, other
/// `.wh..wh.` names (bookkeeping of aufs) are left out; a character device 0/0, which means a
/// whiteout to overlayfs, becomes one. Extended attributes: those of is_applied_xattr. See:
/// POSIX.1-2017 pax; tar(5) of libarchive; image-spec/layer.md.
class TarReader {
 public:
  /// `in` must outlive the reader.
  explicit TarReader(base::ByteSource& in, TarKind kind = TarKind::layer);

  /// The next entry; what is left of the former one's data is skipped. None at the archive's end.
  /// Throws: ContentError.
  std::optional<LayerEntry> next();
  /// The data of the entry given last; empty for what is no file. Throws ContentError when the
  /// stream ends too early.
  base::ByteSource& data() { return data_; }
  /// Reads on to the end of the stream (what follows the archive's end). Gives its whole size.
  std::uint64_t drain();

 private:
  class Data : public base::ByteSource {
   public:
    explicit Data(TarReader& reader) : reader_(reader) {}
    std::size_t read(std::span<std::byte> buffer) override;

   private:
    TarReader& reader_;
  };

  std::optional<LayerEntry> try_next();
  void expand_sparse(const TarHeader& header, const TarSparseRecords& records, LayerEntry& entry);
  std::size_t read_sparse(std::span<std::byte> buffer);
  std::size_t read_stored(std::span<std::byte> buffer);
  std::size_t read_some(std::span<std::byte> buffer);
  void read_exactly(std::span<std::byte> buffer);
  bool read_header(TarHeader& header);
  bool is_end_mark(const TarHeader& header);
  bool read_extension(const TarHeader& header, TarExtension& extension);
  void skip(std::uint64_t count);

  base::ByteSource& in_;
  TarKind kind_;
  Data data_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;  // of what is left in buffer_
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;            // of the next byte in the stream
  std::uint64_t data_left_ = 0;         // of the current entry
  std::uint64_t padding_ = 0;           // after it
  std::optional<TarSparseMap> sparse_;  // of the current entry
  std::size_t sparse_part_ = 0;         // that is read now or next
  std::uint64_t sparse_at_ = 0;         // of the next byte in the expanded file
  bool ended_ = false;
};

}  // namespace ibuild::layers
