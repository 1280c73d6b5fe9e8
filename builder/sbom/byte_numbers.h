#pragma once

#include <cstdint>
#include <string_view>

namespace ibuild::builder {

enum class ByteOrder { little, big };

/// Numbers out of a string of bytes, which outlives this; 0 beyond its end.
class ByteNumbers {
 public:
  ByteNumbers(std::string_view bytes, ByteOrder order) : bytes_(bytes), order_(order) {}

  std::uint64_t at(std::uint64_t offset, int size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < static_cast<std::uint64_t>(size))
      return 0;
    std::uint64_t value = 0;
    for (int i = 0; i < size; ++i) {
      const int byte = order_ == ByteOrder::big ? i : size - 1 - i;
      value = value << 8 | static_cast<unsigned char>(bytes_[offset + byte]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  ByteOrder order_;
};

}  // namespace ibuild::builder
