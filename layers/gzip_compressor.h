#pragma once

#include <memory>

#include "layers/compression.h"

namespace ibuild::layers {

/// gzip's level where none is asked for.
inline constexpr int kDefaultGzipLevel = 6;

/// See make_compressor. Throws: base::UsageError when the level is not 0 to 9.
std::unique_ptr<Compressor> make_gzip_compressor(int level, base::ByteSink& out,
                                                 base::ThreadPool& pool);

}  // namespace ibuild::layers
