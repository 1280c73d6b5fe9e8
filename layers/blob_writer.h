#pragma once

#include "base/digest.h"
#include "base/stream.h"
#include "image/descriptor.h"

namespace ibuild::layers {

/// A layer's blob in the making: takes the bytes of the tar and compresses them into the content
/// store while somebody else reads them for another purpose. The destructor throws away what was
/// not finished. Not for several threads at once. Made by LayerStore::begin_blob.
class BlobWriter : public base::ByteSink {
 public:
  /// All bytes were written, and they are those of `diff_id`: the blob is in the content store, and
  /// the layer's from now on. Only once. Throws: what a worker or the disk threw.
  virtual image::Descriptor finish(const base::Digest& diff_id) = 0;
};

}  // namespace ibuild::layers
