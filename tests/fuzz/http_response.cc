// Any bytes as the answer of a server: a failure, or the same head and body however the bytes
// arrive.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "registry/http/http_transport.h"
#include "registry/http/response_reader.h"

namespace {

using namespace ibuild;

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

/// Status and body; none for what is refused.
std::optional<std::string> read(std::string_view text, std::size_t piece_bytes) {
  try {
    PiecewiseSource source(text, piece_bytes);
    registry::ResponseReader reader(source);
    const registry::HttpHead head = reader.read_head();
    base::StringSink body;
    reader.read_body(head, "GET", body);
    return std::to_string(head.status) + " " + body.text();
  } catch (const registry::TransportError&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // One byte alone may not tell TLS from HTTP yet, but it must never turn a refusal into an answer.
  if (read(text, 1 << 20) != read(text, 3)) std::abort();
  return 0;
}
