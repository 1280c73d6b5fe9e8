#include "layers/content_compare.h"

#include <cstring>
#include <vector>

namespace ibuild::layers {

namespace {

constexpr std::size_t kBlockBytes = 64 << 10;

/// Fills `buffer` unless the source ends.
std::size_t read_block(base::ByteSource& source, std::span<std::byte> buffer) {
  std::size_t have = 0;
  while (have < buffer.size()) {
    const std::size_t count = source.read(buffer.subspan(have));
    if (count == 0) break;
    have += count;
  }
  return have;
}

}  // namespace

bool has_same_content(base::ByteSource& a, base::ByteSource& b) {
  std::vector<std::byte> block_a(kBlockBytes);
  std::vector<std::byte> block_b(kBlockBytes);
  for (;;) {
    const std::size_t size = read_block(a, block_a);
    if (read_block(b, block_b) != size) return false;
    if (size == 0) return true;
    if (std::memcmp(block_a.data(), block_b.data(), size) != 0) return false;
  }
}

}  // namespace ibuild::layers
