#include "layers/compressibility.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace ibuild::layers {

namespace {

// A sample tells text and programs from the rest almost for nothing.
constexpr std::size_t kSampleBytes = 1 << 10;
// Less says nothing about how values are spread.
constexpr std::size_t kLeastBytes = kSampleBytes;
constexpr std::size_t kLeastPiecesStored = 2;
// Pearson's statistic against even values has 255 degrees of freedom: 255 on average for random
// bytes. Huffman codes save about its value / (2 ln 2) bits in all: at this limit half a per cent
// of a piece.
constexpr std::uint64_t kUnevenLimit = 600;
// Sequences of 4 bytes that came before; random bytes have one in a hundred pieces.
constexpr std::size_t kRepeatLimit = 16;

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
  const auto add = [&runs](const BlockRun& run) {
    if (runs.empty() || runs.back().is_compressible != run.is_compressible) {
      runs.push_back(run);
    } else {
      auto& last = runs.back().bytes;
      last = {last.data(), last.size() + run.bytes.size()};
    }
  };
  const std::size_t pieces = (block.size() + kPieceBytes - 1) / kPieceBytes;
  const auto piece_at = [&](std::size_t i) {
    const std::size_t at = i * kPieceBytes;
    return block.subspan(at, std::min(kPieceBytes, block.size() - at));
  };
  for (std::size_t begin = 0; begin < pieces;) {
    std::size_t end = begin;
    while (end < pieces && looks_incompressible(piece_at(end))) ++end;
    const bool is_stored = end - begin >= kLeastPiecesStored;
    if (!is_stored) end = std::max(end, begin + 1);
    for (; begin < end; ++begin) add({piece_at(begin), !is_stored});
  }
  if (runs.empty()) runs.push_back({block, true});
  return runs;
}

}  // namespace ibuild::layers
