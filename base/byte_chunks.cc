#include "base/byte_chunks.h"

#include <algorithm>

namespace ibuild::base {
namespace {

// The first pieces are small: most lists are short.
constexpr std::size_t kFirstBytes = 1 << 10;
constexpr std::size_t kMaxBytes = 256 << 10;

}  // namespace

void ByteChunks::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().size == chunks_.back().capacity) {
      const std::size_t capacity = std::clamp(size_, kFirstBytes, kMaxBytes);
      chunks_.push_back({std::make_unique_for_overwrite<char[]>(capacity), 0, capacity});
    }
    Chunk& chunk = chunks_.back();
    const auto part = bytes.substr(0, chunk.capacity - chunk.size);
    part.copy(chunk.bytes.get() + chunk.size, part.size());
    chunk.size += part.size();
    size_ += part.size();
    bytes.remove_prefix(part.size());
  }
}

void ByteChunks::move_to(char* out) {
  for (Chunk& chunk : chunks_) {
    std::copy_n(chunk.bytes.get(), chunk.size, out);
    out += chunk.size;
    chunk.bytes.reset();
  }
  chunks_.clear();
  size_ = 0;
}

}  // namespace ibuild::base
