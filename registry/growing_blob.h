#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/stream.h"
#include "image/descriptor.h"

namespace ibuild::registry {

/// A blob that somebody is still writing, for one who sends it meanwhile.
class GrowingBlob {
 public:
  virtual ~GrowingBlob() = default;

  struct Extent {
    std::uint64_t size_bytes = 0;                 // so much can be read
    std::optional<image::Descriptor> whole = {};  // once nothing more comes
  };
  /// Waits until `size_bytes` can be read, or all there is. Throws: base::CancelledError when it is
  /// asked to stop; base::ContentError when nothing will become of the blob.
  virtual Extent wait_for(std::uint64_t size_bytes, std::stop_token stop) = 0;
  /// What can be read, from the start.
  virtual std::unique_ptr<base::ByteSource> open() = 0;
};

}  // namespace ibuild::registry
