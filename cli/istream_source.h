#pragma once

#include <istream>

#include "base/stream.h"

namespace ibuild::cli {

/// The bytes of a stream of the standard library. Does not own it.
class IstreamSource : public base::ByteSource {
 public:
  explicit IstreamSource(std::istream& in) : in_(in) {}
  std::size_t read(std::span<std::byte> buffer) override {
    in_.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(buffer.size()));
    return static_cast<std::size_t>(in_.gcount());
  }

 private:
  std::istream& in_;
};

}  // namespace ibuild::cli
