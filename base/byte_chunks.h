#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace ibuild::base {

/// Bytes that are gathered one after the other and wanted in one piece at the end. There may be
/// very many: they are held in pieces, so that nothing is copied as they grow.
class ByteChunks {
 public:
  void append(std::string_view bytes);
  std::size_t size() const { return size_; }
  /// Copies all of them to `out`, which has room for size() bytes, and gives each piece up once it
  /// is there.
  void move_to(char* out);

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t capacity = 0;
  };
  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace ibuild::base
