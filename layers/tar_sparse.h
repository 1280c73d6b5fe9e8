#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layers/tar_format.h"

namespace ibuild::layers {

/// Which parts of a sparse file an archive holds; the rest of the file are zeros.
/// See: "Sparse Formats" of GNU tar's manual.
struct TarSparseMap {
  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t end() const { return offset + size_bytes; }
  };
  std::vector<Part> parts;
  std::uint64_t size_bytes = 0;  // of the whole file

  /// Throws ContentError unless the parts lie in order within the file and are together as long as
  /// the `stored_bytes` that the archive holds.
  void check(std::uint64_t stored_bytes) const;
};

/// The "GNU.sparse." records of a pax extended header.
struct TarSparseRecords {
  std::string major;
  std::string minor;
  std::string name;       // of the file; the entry itself bears one made up
  std::string size;       // formats 0.0 and 0.1
  std::string real_size;  // format 1.0
  std::string part_count;
  std::vector<std::string> numbers;  // offset, size, offset, …
  bool empty = true;

  /// Throws ContentError for records of the map that come out of order.
  void add(std::string_view key, std::string_view value);
  /// Whether they are of a format that is known; files of others are taken as they lie there, as
  /// Go's archive/tar does.
  bool has_known_format() const { return is_0_x() || is_1_0(); }
  bool is_0_x() const;
  bool is_1_0() const { return major == "1" && minor == "0"; }
};

/// Gives the next block of the archive.
using ReadTarBlock = std::function<void(std::span<std::byte, kTarBlockBytes>)>;

/// The map of an entry of type 'S': in the header, and in blocks between it and the data.
/// Throws ContentError.
TarSparseMap read_gnu_sparse_map(const TarHeader& header, const ReadTarBlock& read_block);

/// The map of an entry whose records have a known format: in the records (0.x), or in the first
/// blocks of the data (1.0). Throws ContentError.
TarSparseMap read_pax_sparse_map(const TarSparseRecords& records, std::uint64_t data_bytes,
                                 const ReadTarBlock& read_block);

}  // namespace ibuild::layers
