#pragma once

#include <memory>

#include "layers/compression.h"

namespace ibuild::layers {

/// gzip's level where none is asked for: libdeflate's level 5 makes real layers as small as zlib's
/// 6 does (within 2 per cent) in three quarters of the time that its own level 6 takes.
inline constexpr int kDefaultGzipLevel = 5;

/// See make_compressor. Throws: base::UsageError when the level is not 0 to 9.
std::unique_ptr<Compressor> make_gzip_compressor(int level, base::ByteSink& out,
                                                 base::ThreadPool& pool);

}  // namespace ibuild::layers
