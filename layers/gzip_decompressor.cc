// gzip (RFC 1952) through ISA-L.
#include "layers/gzip_decompressor.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"

namespace ibuild::layers {

namespace {

constexpr std::size_t kInputBytes = 128 << 10;

// RFC 1952, 2.3.1, "FLG". Bit 0 only says that the file is probably text.
constexpr unsigned kHasHeaderCrc = 1 << 1;
constexpr unsigned kHasExtra = 1 << 2;
constexpr unsigned kHasName = 1 << 3;
constexpr unsigned kHasComment = 1 << 4;
constexpr unsigned kReservedFlags = 0xe0;

const char* describe(int result) {
  switch (result) {
    case ISAL_INVALID_BLOCK:
    case ISAL_INVALID_SYMBOL:
    case ISAL_INVALID_LOOKBACK:
      return "broken DEFLATE data";
    case ISAL_INCORRECT_CHECKSUM:
      return "the checksum or the length is wrong";
    default:
      return "broken data";
  }
}

[[noreturn]] void fail(const std::string& what) { throw base::ContentError("gzip: " + what); }

class GzipDecompressor : public base::ByteSource {
 public:
  explicit GzipDecompressor(base::ByteSource& from) : from_(from), input_(kInputBytes) {
    isal_inflate_init(&state_);
    // The header is read here: ISA-L 2.30 loses its place when one is cut in two. It checks the
    // trailer.
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;
  }

  std::size_t read(std::span<std::byte> buffer) override {
    if (buffer.empty()) return 0;
    for (;;) {
      if (!is_in_member_ && !start_next_member()) return 0;
      const std::size_t count = inflate_into(buffer);
      is_in_member_ = state_.block_state != ISAL_BLOCK_FINISH;
      if (count > 0) return count;
      if (is_in_member_ && state_.avail_in == 0 && !refill()) fail_at_end();
    }
  }

 private:
  [[noreturn]] static void fail_at_end() { fail("the data ends in the middle"); }

  /// Inflates what is in the input buffer; gives the number of bytes that came out.
  std::size_t inflate_into(std::span<std::byte> buffer) {
    const auto room = static_cast<std::uint32_t>(std::min<std::size_t>(buffer.size(), 1U << 30));
    const auto input_before = state_.avail_in;
    state_.next_out = reinterpret_cast<std::uint8_t*>(buffer.data());
    state_.avail_out = room;
    const int result = isal_inflate(&state_);
    if (result != ISAL_DECOMP_OK) fail(describe(result));
    const std::size_t count = room - state_.avail_out;
    const bool is_stuck = count == 0 && input_before > 0 && state_.avail_in == input_before &&
                          state_.block_state != ISAL_BLOCK_FINISH;
    if (is_stuck) fail("broken data");
    return count;
  }

  /// False at the end of the input.
  bool refill() {
    const std::size_t count = from_.read(input_);
    state_.next_in = reinterpret_cast<std::uint8_t*>(input_.data());
    state_.avail_in = static_cast<std::uint32_t>(count);
    return count > 0;
  }

  /// False when the last member has been read.
  bool start_next_member() {
    if (state_.avail_in == 0 && !refill()) {
      if (!is_first_) return false;
      fail_at_end();
    }
    if (!is_first_ && *state_.next_in == 0) {
      skip_padding();
      return false;
    }
    skip_header();
    isal_inflate_reset(&state_);
    is_first_ = false;
    is_in_member_ = true;
    return true;
  }

  void skip_padding() {
    do {
      const std::uint8_t* end = state_.next_in + state_.avail_in;
      if (std::any_of<const std::uint8_t*>(state_.next_in, end, [](auto b) { return b != 0; })) {
        fail("something else follows the compressed data");
      }
    } while (refill());
  }

  /// RFC 1952, 2.3.
  void skip_header() {
    header_crc_ = 0;
    std::array<std::uint8_t, 10> fixed{};
    for (auto& byte : fixed) byte = next_header_byte();
    if (fixed[0] != 0x1f || fixed[1] != 0x8b) {
      fail(is_first_ ? "the data has no gzip header"
                     : "something else follows the compressed data");
    }
    if (fixed[2] != 8) fail("a compression method that is not DEFLATE");
    const unsigned flags = fixed[3];
    if ((flags & kReservedFlags) != 0) fail("the header has unknown flags");
    if ((flags & kHasExtra) != 0) {
      for (unsigned left = next_header_u16(); left > 0; --left) next_header_byte();
    }
    if ((flags & kHasName) != 0) skip_header_text();
    if ((flags & kHasComment) != 0) skip_header_text();
    if ((flags & kHasHeaderCrc) != 0) {
      const std::uint32_t expected = header_crc_ & 0xffff;
      if (next_header_u16() != expected) fail("the checksum of the header is wrong");
    }
  }
  void skip_header_text() {
    while (next_header_byte() != 0) {
    }
  }
  unsigned next_header_u16() {
    const unsigned low = next_header_byte();
    return low | static_cast<unsigned>(next_header_byte()) << 8;
  }
  std::uint8_t next_header_byte() {
    if (state_.avail_in == 0 && !refill()) fail_at_end();
    const std::uint8_t byte = *state_.next_in++;
    --state_.avail_in;
    header_crc_ = crc32_gzip_refl(header_crc_, &byte, 1);
    return byte;
  }

  base::ByteSource& from_;
  std::vector<std::byte> input_;
  inflate_state state_{};
  std::uint32_t header_crc_ = 0;
  bool is_first_ = true;
  bool is_in_member_ = false;
};

}  // namespace

std::unique_ptr<base::ByteSource> make_gzip_decompressor(base::ByteSource& from) {
  return std::make_unique<GzipDecompressor>(from);
}

}  // namespace ibuild::layers
