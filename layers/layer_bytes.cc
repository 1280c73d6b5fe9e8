#include "layers/layer_bytes.h"

#include <algorithm>
#include <array>

#include "layers/compression.h"

namespace ibuild::layers {

namespace {

class TarBytes : public LayerBytes {
 public:
  explicit TarBytes(base::UniqueFd tar) : tar_(std::move(tar)), source_(tar_.get()) {}
  std::size_t read(std::span<std::byte> buffer) override { return source_.read(buffer); }

 private:
  base::UniqueFd tar_;
  base::FdSource source_;
};

/// Looks at the first bytes of a source before they are read.
class PeekSource : public base::ByteSource {
 public:
  explicit PeekSource(base::ByteSource& from) : from_(from) {
    while (have_ < head_.size()) {
      const std::size_t count = from_.read(std::span(head_).subspan(have_));
      if (count == 0) break;
      have_ += count;
    }
  }
  base::Bytes head() const { return base::Bytes(head_).first(have_); }
  std::size_t read(std::span<std::byte> buffer) override {
    if (taken_ == have_) return from_.read(buffer);
    const std::size_t count = std::min(buffer.size(), have_ - taken_);
    std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(taken_), count, buffer.begin());
    taken_ += count;
    return count;
  }

 private:
  base::ByteSource& from_;
  std::array<std::byte, 16> head_{};
  std::size_t have_ = 0;
  std::size_t taken_ = 0;
};

/// Inflates what `Blob` gives.
class InflatedBytes : public LayerBytes {
 public:
  explicit InflatedBytes(base::ByteSource& compressed)
      : peek_(compressed), inflated_(make_decompressor(detect_compression(peek_.head()), peek_)) {}
  std::size_t read(std::span<std::byte> buffer) override { return inflated_->read(buffer); }

 private:
  PeekSource peek_;
  std::unique_ptr<base::ByteSource> inflated_;
};

class StoredBlobBytes : public LayerBytes {
 public:
  explicit StoredBlobBytes(base::UniqueFd blob)
      : blob_(std::move(blob)), source_(blob_.get()), inflated_(source_) {}
  std::size_t read(std::span<std::byte> buffer) override { return inflated_.read(buffer); }

 private:
  base::UniqueFd blob_;
  base::FdSource source_;
  InflatedBytes inflated_;
};

class FetchedBlobBytes : public LayerBytes {
 public:
  FetchedBlobBytes(const ContentStore& content, const Layer& layer, std::stop_token stop,
                   BlobFeed::Observer observer)
      : feed_(content, layer, std::move(stop), std::move(observer)), inflated_(feed_) {}
  std::size_t read(std::span<std::byte> buffer) override { return inflated_.read(buffer); }
  void keep() override { feed_.commit(); }

 private:
  BlobFeed feed_;
  InflatedBytes inflated_;
};

}  // namespace

std::unique_ptr<LayerBytes> open_tar_bytes(base::UniqueFd tar) {
  return std::make_unique<TarBytes>(std::move(tar));
}

std::unique_ptr<LayerBytes> open_stored_blob(const ContentStore& content,
                                             const image::Descriptor& blob) {
  return std::make_unique<StoredBlobBytes>(content.open(blob.digest));
}

std::unique_ptr<LayerBytes> open_blob_bytes(const ContentStore& content, const Layer& layer,
                                            std::stop_token stop, BlobFeed::Observer observer) {
  if (!layer.blob) return nullptr;
  if (content.has_exact(layer.blob->digest, layer.blob->size_bytes)) {
    return open_stored_blob(content, *layer.blob);
  }
  if (!layer.provider) return nullptr;
  return std::make_unique<FetchedBlobBytes>(content, layer, std::move(stop), std::move(observer));
}

}  // namespace ibuild::layers
