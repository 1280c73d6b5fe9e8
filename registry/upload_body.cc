#include "registry/upload_body.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace ibuild::registry {

class UploadBody::Piece : public base::ByteSource {
 public:
  Piece(UploadBody& body, std::uint64_t size_bytes) : body_(body), left_(size_bytes) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), left_);
    const std::size_t count = wanted == 0 ? 0 : body_.read(buffer.first(wanted));
    left_ -= count;
    return count;
  }

 private:
  UploadBody& body_;
  std::uint64_t left_;
};

std::size_t UploadBody::read(std::span<std::byte> buffer) {
  const std::size_t count = source_->read(buffer);
  position_ += count;
  return count;
}

void UploadBody::go_to(std::uint64_t offset) {
  if (!source_ || position_ > offset) {
    source_ = open_();
    position_ = 0;
  }
  constexpr std::uint64_t kBufferBytes = 256 << 10;
  std::vector<std::byte> buffer(std::min(kBufferBytes, offset - position_));
  while (position_ < offset) {
    const std::span<std::byte> all(buffer);
    if (read(all.first(std::min<std::uint64_t>(all.size(), offset - position_))) == 0) {
      throw base::ContentError("blob to upload: it ends after " + std::to_string(position_) +
                               " bytes, before byte " + std::to_string(offset));
    }
  }
}

std::unique_ptr<base::ByteSource> UploadBody::piece(std::uint64_t offset,
                                                    std::uint64_t size_bytes) {
  go_to(offset);
  return std::make_unique<Piece>(*this, size_bytes);
}

}  // namespace ibuild::registry
