// gzip members (RFC 1952) of DEFLATE data (RFC 1951).
#include "layers/gzip_members.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/synchronized.h"
#include "layers/compressibility.h"

namespace ibuild::layers {

namespace {

// No flags, no time, no extra flags, unknown system (RFC 1952, 2.3): the same on every machine.
constexpr std::array<unsigned char, 10> kHeader = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
constexpr std::size_t kTrailerBytes = 8;

struct FreeDeflater {
  void operator()(libdeflate_compressor* deflater) const { libdeflate_free_compressor(deflater); }
};
using Deflater = std::unique_ptr<libdeflate_compressor, FreeDeflater>;

void put_le32(std::byte* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

constexpr std::size_t kMaxStoredBytes = 0xffff;
constexpr std::size_t kStoredHeaderBytes = 5;

std::byte* put_bytes(std::byte* at, base::Bytes bytes) {
  std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

/// Stored blocks (RFC 1951, 3.2.4). Returns the end.
std::byte* put_stored(std::byte* at, base::Bytes plain) {
  while (!plain.empty()) {
    const auto part = plain.first(std::min(plain.size(), kMaxStoredBytes));
    plain = plain.subspan(part.size());
    *at++ = plain.empty() ? std::byte{1} : std::byte{0};  // the last block is marked
    const auto size = static_cast<std::uint32_t>(part.size());
    put_le32(at, size | (~size << 16));
    at = put_bytes(at + 4, part);
  }
  return at;
}

std::size_t room_for(const BlockRun& run, libdeflate_compressor& deflater) {
  const std::size_t size = run.bytes.size();
  if (run.is_compressible) return libdeflate_deflate_compress_bound(&deflater, size);
  return size + (size / kMaxStoredBytes + 1) * kStoredHeaderBytes;
}

void add_member(const BlockRun& run, libdeflate_compressor& deflater, BlockBuffer& out) {
  const base::Bytes plain = run.bytes;
  std::byte* const begin = out.data.get() + out.size_bytes;
  std::byte* at = put_bytes(begin, std::as_bytes(std::span(kHeader)));
  if (run.is_compressible) {
    at += libdeflate_deflate_compress(&deflater, plain.data(), plain.size(), at,
                                      room_for(run, deflater));
  } else {
    at = put_stored(at, plain);
  }
  put_le32(at, libdeflate_crc32(0, plain.data(), plain.size()));
  put_le32(at + 4, static_cast<std::uint32_t>(plain.size()));
  out.size_bytes += static_cast<std::size_t>(at - begin) + kTrailerBytes;
}

/// Makes members. For several threads at once: each takes a deflater (0.1 to 1 MiB) that is free.
/// libdeflate's levels up to 9 give smaller output than zlib's of the same number in less time, so
/// the numbers are taken as they are.
/// What would not become smaller is stored, in members of its own.
class MemberMaker {
 public:
  explicit MemberMaker(int level) : level_(level) {}

  /// Level 0 stores everything as it is.
  BlockBuffer make(base::Bytes plain) {
    return make_of(level_ == 0 ? std::vector<BlockRun>{{plain, true}} : runs_of(plain));
  }

  BlockBuffer make_of(const std::vector<BlockRun>& runs) {
    Deflater deflater = take();
    std::size_t room = 0;
    for (const auto& run : runs) room += kHeader.size() + room_for(run, *deflater) + kTrailerBytes;
    auto members = BlockBuffer::with_room(room);
    for (const auto& run : runs) add_member(run, *deflater, members);
    free_.lock()->push_back(std::move(deflater));
    return members;
  }

 private:
  Deflater take() {
    if (auto free = free_.lock(); !free->empty()) {
      Deflater deflater = std::move(free->back());
      free->pop_back();
      return deflater;
    }
    Deflater deflater(libdeflate_alloc_compressor(level_));
    if (!deflater) throw std::bad_alloc();
    return deflater;
  }

  int level_;
  base::Synchronized<std::vector<Deflater>> free_;
};

}  // namespace

BlockPipeline::Transform gzip_members(int level) {
  if (level < 0 || level > 9) {
    throw base::UsageError("gzip has the levels 0 to 9, not " + std::to_string(level));
  }
  return [maker = std::make_shared<MemberMaker>(level)](base::Bytes plain) {
    return maker->make(plain);
  };
}

BlockBuffer gzip_member(int level, base::Bytes plain) {
  return MemberMaker(level).make_of({{plain, true}});
}

}  // namespace ibuild::layers
