#pragma once

#include <memory>

#include "layers/compression.h"

namespace ibuild::layers {

/// zstd's level where none is asked for.
inline constexpr int kDefaultZstdLevel = 3;

/// See make_compressor. Throws: base::UsageError when the level is not 1 to 22.
std::unique_ptr<Compressor> make_zstd_compressor(int level, base::ByteSink& out,
                                                 base::ThreadPool& pool);

}  // namespace ibuild::layers
