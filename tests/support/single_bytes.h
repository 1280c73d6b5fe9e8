#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace ibuild::test {

/// Gives a text byte by byte.
class SingleBytes : public base::ByteSource {
 public:
  explicit SingleBytes(std::string_view text) : text_(text) {}
  std::size_t read(std::span<std::byte> buffer) override {
    if (at_ == text_.size() || buffer.empty()) return 0;
    buffer[0] = static_cast<std::byte>(text_[at_++]);
    return 1;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace ibuild::test
