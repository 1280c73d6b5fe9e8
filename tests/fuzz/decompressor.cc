// Any bytes as a compressed layer: no crash, and the same outcome however the bytes arrive. The
// first byte picks the format and the sizes of the pieces.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.h"
#include "layers/compression.h"

namespace {

using ibuild::layers::LayerCompression;

constexpr std::size_t kMaxOutputBytes = 1 << 20;

class PiecewiseSource : public ibuild::base::ByteSource {
 public:
  PiecewiseSource(std::string_view text, std::size_t piece_bytes)
      : text_(text), piece_bytes_(piece_bytes) {}
  std::size_t read(std::span<std::byte> buffer) override {
    return text_.read(buffer.first(std::min(buffer.size(), piece_bytes_)));
  }

 private:
  ibuild::base::StringSource text_;
  std::size_t piece_bytes_;
};

/// The output, cut at the cap; none for what is refused.
std::optional<std::string> decompress(LayerCompression type, std::string_view packed,
                                      std::size_t piece_bytes, std::size_t read_bytes) {
  try {
    PiecewiseSource source(packed, piece_bytes);
    const auto decompressor = ibuild::layers::make_decompressor(type, source);
    std::string buffer(read_bytes, '\0');
    std::string plain;
    while (const auto count = decompressor->read(std::as_writable_bytes(std::span(buffer)))) {
      plain.append(buffer, 0, count);
      if (plain.size() >= kMaxOutputBytes) return plain.substr(0, kMaxOutputBytes);
    }
    return plain;
  } catch (const ibuild::base::ContentError&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  const auto type = (choice & 1) != 0 ? LayerCompression::gzip : LayerCompression::zstd;
  const std::string_view packed(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece_bytes = 1 + (choice >> 1 & 7) * 5;
  const std::size_t read_bytes = 1 + (choice >> 4) * 37;
  const auto whole = decompress(type, packed, packed.size() + 1, 1 << 16);
  const auto in_pieces = decompress(type, packed, piece_bytes, read_bytes);
  // Where the output is cut at the cap, a later error may or may not have been met.
  if (whole && in_pieces && *whole != *in_pieces) std::abort();
  if (whole.has_value() != in_pieces.has_value() &&
      (whole ? *whole : *in_pieces).size() < kMaxOutputBytes)
    std::abort();
  return 0;
}
