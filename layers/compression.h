#pragma once

#include <memory>
#include <optional>

#include "base/stream.h"
#include "base/thread_pool.h"
#include "image/media_types.h"

namespace ibuild::layers {

using image::media_type::LayerCompression;

/// How a new layer blob is compressed. Levels: gzip 0–9 (default 5), zstd 1–22 (default 3).
struct CompressionOptions {
  LayerCompression type = LayerCompression::gzip;
  std::optional<int> level;
  bool operator==(const CompressionOptions&) const = default;
};

/// A sink that compresses what is written to it into `out`. finish() must be called; without it the
/// output is not complete.
class Compressor : public base::ByteSink {
 public:
  /// Ends the stream. Throws what a worker or `out` threw.
  virtual void finish() = 0;
};

/// gzip: independent members of a fixed block size (1 MiB) compressed side by side through
/// libdeflate, written in order: the bytes do not depend on the number of threads. Bounded memory:
/// at most 2 blocks a thread and 16 in all in flight. Header without time and name. zstd: one frame
/// with a checksum, on threads of libzstd's own; the bytes do not depend on their number. Below 45
/// MiB of memory up to level 5. none: passes through. `out` and `pool` outlive the result. Throws:
/// UsageError for a level that the format does not have.
std::unique_ptr<Compressor> make_compressor(const CompressionOptions& options, base::ByteSink& out,
                                            base::ThreadPool& pool);

/// Inflates while it is read; checks the format's own checksums; refuses trailing garbage that is
/// neither padding zeros nor another member. `from` must outlive the result. Throws ContentError.
std::unique_ptr<base::ByteSource> make_decompressor(LayerCompression type, base::ByteSource& from);

/// What the first bytes say: gzip, zstd, or none.
LayerCompression detect_compression(base::Bytes first_bytes);

}  // namespace ibuild::layers
