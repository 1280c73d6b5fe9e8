#pragma once

#include <cstdint>
#include <memory>

#include "image/descriptor.h"
#include "layers/compression.h"

namespace ibuild::layers {

/// Sees a blob while it is made, so that it can be read before it is complete. Called by one thread
/// at a time. Destroyed before complete() was called: nothing will become of the blob.
class BlobWatcher {
 public:
  virtual ~BlobWatcher() = default;
  /// The first bytes stand in the file `fd`, from its start; what is read of it has to be read by
  /// the end of the call, or through a descriptor of the watcher's own.
  virtual void grown(int fd, std::uint64_t size_bytes) = 0;
  /// The blob is whole, and in the store.
  virtual void complete(const image::Descriptor& blob) = 0;
};

/// What a layer's blob is to be, when it is made beside the layer.
struct BlobRequest {
  CompressionOptions compression;
  std::shared_ptr<BlobWatcher> watcher = {};  // may be null
};

}  // namespace ibuild::layers
