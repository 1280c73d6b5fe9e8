#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace ibuild::layers {

/// A fast 64-bit sum that tells accidental damage of our own files (some GB/s). No defence against
/// somebody who means harm. Part of the on-disk format: its values may never change.
inline std::uint64_t checksum64(std::string_view bytes) {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio, odd
  auto mix = [](std::uint64_t lane, std::uint64_t word) {
    lane = (lane ^ word) * kMultiplier;
    return lane ^ (lane >> 29);
  };
  // Four lanes, so that the multiplications overlap.
  std::uint64_t lanes[4] = {1, 2, 3, bytes.size()};
  while (bytes.size() >= sizeof lanes) {
    std::uint64_t words[4];
    std::memcpy(words, bytes.data(), sizeof words);
    for (int i = 0; i < 4; ++i) lanes[i] = mix(lanes[i], words[i]);
    bytes.remove_prefix(sizeof lanes);
  }
  for (unsigned char byte : bytes) lanes[0] = mix(lanes[0], byte);
  return mix(mix(mix(lanes[0], lanes[1]), lanes[2]), lanes[3]);
}

}  // namespace ibuild::layers
