#include "layers/compressibility.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace ibuild::layers {

namespace {

// A sample tells text and programs from the rest almost for nothing.
constexpr std::size_t kSampleBytes = 4 << 10;
// Less says nothing about how values are spread.
constexpr std::size_t kLeastBytes = 2 << 10;
// Pearson's statistic against even values has 255 degrees of freedom: 255 on average for random
// bytes. Huffman codes save about its value / (2 ln 2) bits in all: at this limit half a per cent
// of a piece.
constexpr std::uint64_t kUnevenLimit = 2000;
// Sequences of 4 bytes that came before; random bytes of a piece have one in ten pieces.
constexpr std::size_t kRepeatLimit = 32;

bool is_even(base::Bytes bytes) {
  std::array<std::uint32_t, 256> counts{};
  for (const std::byte value : bytes) ++counts[std::to_integer<std::size_t>(value)];
  // Σ (count - n/256)² / (n/256) = 256/n Σ count² - n
  std::uint64_t squares = 0;
  for (const std::uint64_t count : counts) squares += count * count;
  return squares * 256 <= bytes.size() * (bytes.size() + kUnevenLimit);
}

std::uint32_t word_at(base::Bytes bytes, std::size_t at) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

/// Looks each sequence up where the last one of its hash was.
bool repeats(base::Bytes bytes) {
  constexpr int kHashBits = 12;
  std::array<std::uint16_t, 1 << kHashBits> last{};
  std::size_t found = 0;
  for (std::size_t at = 1; at + sizeof(std::uint32_t) <= bytes.size(); ++at) {
    const std::uint32_t word = word_at(bytes, at);
    auto& former = last[(word * 2654435761U) >> (32 - kHashBits)];
    if (word_at(bytes, former) == word && ++found > kRepeatLimit) return true;
    former = static_cast<std::uint16_t>(at);
  }
  return false;
}

}  // namespace

bool looks_incompressible(base::Bytes piece) {
  piece = piece.first(std::min(piece.size(), kPieceBytes));
  if (piece.size() < kLeastBytes) return false;
  return is_even(piece.first(std::min(piece.size(), kSampleBytes))) && is_even(piece) &&
         !repeats(piece);
}

std::vector<BlockRun> runs_of(base::Bytes block) {
  std::vector<BlockRun> runs;
  for (std::size_t at = 0; at < block.size(); at += kPieceBytes) {
    const auto piece = block.subspan(at, std::min(kPieceBytes, block.size() - at));
    const bool is_compressible = !looks_incompressible(piece);
    if (!runs.empty() && runs.back().is_compressible == is_compressible) {
      auto& run = runs.back().bytes;
      run = {run.data(), run.size() + piece.size()};
    } else {
      runs.push_back({piece, is_compressible});
    }
  }
  if (runs.empty()) runs.push_back({block, true});
  return runs;
}

}  // namespace ibuild::layers
