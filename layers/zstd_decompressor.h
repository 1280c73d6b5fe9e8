#pragma once

#include <memory>

#include "base/stream.h"

namespace ibuild::layers {

/// See make_decompressor. Reads any number of frames; skippable ones are skipped. A frame whose
/// window is larger than 128 MiB is refused.
std::unique_ptr<base::ByteSource> make_zstd_decompressor(base::ByteSource& from);

}  // namespace ibuild::layers
