#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace ibuild::test {

/// Gives a text piece by piece, byte by byte unless told otherwise.
class PiecedText : public base::ByteSource {
 public:
  explicit PiecedText(std::string_view text, std::size_t piece_bytes = 1)
      : text_(text), piece_bytes_(piece_bytes) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const auto count = std::min({piece_bytes_, buffer.size(), text_.size() - at_});
    std::memcpy(buffer.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t piece_bytes_;
  std::size_t at_ = 0;
};

}  // namespace ibuild::test
