#pragma once

#include <bit>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

namespace ibuild::base {

/// A list of small values, of which there may be very many, that grows at its end only. It is held
/// in pieces: what is there is not copied when it grows, and its memory is no more than it needs.
template <typename T>
class ChunkedList {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  ChunkedList() = default;
  ChunkedList(ChunkedList&&) noexcept = default;
  ChunkedList& operator=(ChunkedList&&) noexcept = default;

  void push_back(const T& value) {
    if (size_ == chunks_.size() * kChunkSize)
      chunks_.push_back(std::make_unique_for_overwrite<T[]>(kChunkSize));
    chunks_.back()[size_ % kChunkSize] = value;
    ++size_;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t place) { return chunks_[place / kChunkSize][place % kChunkSize]; }
  const T& operator[](std::size_t place) const {
    return chunks_[place / kChunkSize][place % kChunkSize];
  }
  void clear() {
    chunks_.clear();
    size_ = 0;
  }

 private:
  static constexpr std::size_t kChunkBytes = 256 << 10;
  static constexpr std::size_t kChunkSize = std::bit_floor(kChunkBytes / sizeof(T));

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace ibuild::base
