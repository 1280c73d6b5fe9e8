#pragma once

#include <memory>

#include "base/stream.h"

namespace ibuild::layers {

/// The plain bytes of a stream that may be compressed by gzip, zstd, bzip2 or xz, as its first
/// bytes tell; anything else passes through. `from` must outlive the result. Throws ContentError
/// while it is read.
std::unique_ptr<base::ByteSource> make_any_decompressor(base::ByteSource& from);

}  // namespace ibuild::layers
