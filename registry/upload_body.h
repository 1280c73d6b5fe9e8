#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/stream.h"
#include "registry/registry_client.h"

namespace ibuild::registry {

/// The bytes of a blob in pieces, for an upload that may go back: reads on where the piece before
/// ended, and opens the blob anew for anything else. Not for several threads at once.
class UploadBody {
 public:
  explicit UploadBody(BlobOpener open) : open_(std::move(open)) {}

  /// `size_bytes` from `offset` on. Only the piece made last may be read.
  std::unique_ptr<base::ByteSource> piece(std::uint64_t offset, std::uint64_t size_bytes);

 private:
  class Piece;
  void go_to(std::uint64_t offset);
  std::size_t read(std::span<std::byte> buffer);

  const BlobOpener open_;
  std::unique_ptr<base::ByteSource> source_;
  std::uint64_t position_ = 0;
};

}  // namespace ibuild::registry
