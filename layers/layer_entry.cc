#include "layers/layer_entry.h"

#include <algorithm>
#include <cstring>

namespace ibuild::layers {

namespace {

std::uint64_t load_word(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

/// '/' before every other byte, the others by value.
int rank(char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); }

}  // namespace

std::strong_ordering compare_walk_order(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  std::size_t same = 0;
  // Neighbours in a layer share long prefixes: skip these by words.
  while (same + sizeof(std::uint64_t) <= common &&
         load_word(a.data() + same) == load_word(b.data() + same)) {
    same += sizeof(std::uint64_t);
  }
  while (same < common && a[same] == b[same]) ++same;
  if (same == common) return a.size() <=> b.size();
  return rank(a[same]) <=> rank(b[same]);
}

}  // namespace ibuild::layers
