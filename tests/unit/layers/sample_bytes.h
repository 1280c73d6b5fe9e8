#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "base/thread_pool.h"
#include "layers/compression.h"

/// What the tests of compression share.
namespace ibuild::test {

/// Bytes that compress about as program text does; always the same.
inline std::string sample_bytes(std::size_t size_bytes) {
  constexpr std::string_view kWords[] = {"return ", "the ",   "std::", "0x1f, ",
                                         "import ", "\n    ", "self.", "}\n"};
  std::string text;
  text.reserve(size_bytes + 32);
  for (std::uint64_t state = 42; text.size() < size_bytes;) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    text += kWords[state >> 61];
    if ((state >> 40 & 7) == 0) text += static_cast<char>(state >> 48);
  }
  text.resize(size_bytes);
  return text;
}

struct CompressSetup {
  std::size_t threads = 2;
  std::size_t write_bytes = 1 << 16;
};

inline std::string compress(const layers::CompressionOptions& options, std::string_view plain,
                            CompressSetup setup = {}) {
  base::ThreadPool pool(setup.threads);
  base::StringSink out;
  const auto compressor = layers::make_compressor(options, out, pool);
  for (; !plain.empty(); plain.remove_prefix(std::min(plain.size(), setup.write_bytes))) {
    compressor->write(base::as_bytes(plain.substr(0, setup.write_bytes)));
  }
  compressor->finish();
  return out.take();
}

/// Gives at most `piece_bytes` a read, as a slow connection does.
class PiecewiseSource : public base::ByteSource {
 public:
  PiecewiseSource(std::string_view text, std::size_t piece_bytes)
      : text_(text), piece_bytes_(piece_bytes) {}
  std::size_t read(std::span<std::byte> buffer) override {
    return text_.read(buffer.first(std::min(buffer.size(), piece_bytes_)));
  }

 private:
  base::StringSource text_;
  std::size_t piece_bytes_;
};

/// Throws what the decompressor throws.
inline std::string decompress(layers::LayerCompression type, std::string_view packed,
                              std::size_t piece_bytes = 1 << 16, std::size_t read_bytes = 1 << 16) {
  PiecewiseSource source(packed, piece_bytes);
  const auto decompressor = layers::make_decompressor(type, source);
  std::string buffer(read_bytes, '\0');
  std::string plain;
  while (const auto count = decompressor->read(std::as_writable_bytes(std::span(buffer)))) {
    plain.append(buffer, 0, count);
  }
  return plain;
}

}  // namespace ibuild::test
