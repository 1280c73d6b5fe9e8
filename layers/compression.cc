#include "layers/compression.h"

#include <array>

#include "base/error.h"
#include "layers/gzip_compressor.h"
#include "layers/gzip_decompressor.h"
#include "layers/zstd_compressor.h"
#include "layers/zstd_decompressor.h"

namespace ibuild::layers {

namespace {

class NoCompressor : public Compressor {
 public:
  explicit NoCompressor(base::ByteSink& out) : out_(out) {}
  void write(base::Bytes bytes) override { out_.write(bytes); }
  void finish() override {}

 private:
  base::ByteSink& out_;
};

class NoDecompressor : public base::ByteSource {
 public:
  explicit NoDecompressor(base::ByteSource& from) : from_(from) {}
  std::size_t read(std::span<std::byte> buffer) override { return from_.read(buffer); }

 private:
  base::ByteSource& from_;
};

template <std::size_t N>
bool starts_with(base::Bytes bytes, const std::array<unsigned char, N>& magic) {
  if (bytes.size() < N) return false;
  for (std::size_t i = 0; i < N; ++i) {
    if (std::to_integer<unsigned char>(bytes[i]) != magic[i]) return false;
  }
  return true;
}

/// Skippable frames (RFC 8878, 3.1.2) start with 0x184D2A50 to 0x184D2A5F, little-endian; zstd
/// files may begin with one.
bool starts_with_skippable_frame(base::Bytes bytes) {
  constexpr std::array<unsigned char, 3> kLastThree = {0x2a, 0x4d, 0x18};
  return bytes.size() >= 4 && (std::to_integer<unsigned>(bytes[0]) & 0xf0U) == 0x50 &&
         starts_with(bytes.subspan(1), kLastThree);
}

}  // namespace

std::unique_ptr<Compressor> make_compressor(const CompressionOptions& options, base::ByteSink& out,
                                            base::ThreadPool& pool) {
  switch (options.type) {
    case LayerCompression::gzip:
      return make_gzip_compressor(options.level.value_or(kDefaultGzipLevel), out, pool);
    case LayerCompression::zstd:
      return make_zstd_compressor(options.level.value_or(kDefaultZstdLevel), out, pool);
    case LayerCompression::none:
      break;
  }
  if (options.level)
    throw base::UsageError("a compression level means nothing without compression");
  return std::make_unique<NoCompressor>(out);
}

std::unique_ptr<base::ByteSource> make_decompressor(LayerCompression type, base::ByteSource& from) {
  switch (type) {
    case LayerCompression::gzip:
      return make_gzip_decompressor(from);
    case LayerCompression::zstd:
      return make_zstd_decompressor(from);
    case LayerCompression::none:
      break;
  }
  return std::make_unique<NoDecompressor>(from);
}

LayerCompression detect_compression(base::Bytes first_bytes) {
  constexpr std::array<unsigned char, 3> kGzip = {0x1f, 0x8b, 8};
  constexpr std::array<unsigned char, 4> kZstd = {0x28, 0xb5, 0x2f, 0xfd};
  if (starts_with(first_bytes, kGzip)) return LayerCompression::gzip;
  if (starts_with(first_bytes, kZstd) || starts_with_skippable_frame(first_bytes)) {
    return LayerCompression::zstd;
  }
  return LayerCompression::none;
}

}  // namespace ibuild::layers
