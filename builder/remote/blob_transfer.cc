#include "builder/remote/blob_transfer.h"

#include "base/error.h"
#include "image/media_types.h"

namespace ibuild::remote {

namespace {

/// Counts what passes, tells the events, and refuses more than was promised before it fills a disk.
class CountingSink : public base::DigestSink {
 public:
  CountingSink(base::DigestSink& next, const image::Descriptor& blob, builder::VertexId vertex,
               builder::EventSink& events)
      : next_(next), blob_(blob), vertex_(vertex), events_(events) {}

  void write(base::Bytes bytes) override {
    done_ += bytes.size();
    if (done_ > blob_.size_bytes) {
      throw base::ContentError("size of blob " + blob_.digest.str(),
                               std::to_string(blob_.size_bytes), "more");
    }
    next_.write(bytes);
    report();
  }
  base::Digest digest() override { return next_.digest(); }
  void report() {
    events_.emit(builder::event::TransferProgress{.id = vertex_,
                                                  .what = short_name(blob_.digest),
                                                  .done_bytes = done_,
                                                  .total_bytes = blob_.size_bytes});
  }

 private:
  base::DigestSink& next_;
  const image::Descriptor& blob_;
  builder::VertexId vertex_;
  builder::EventSink& events_;
  std::uint64_t done_ = 0;
};

class BlobFile : public base::ByteSource {
 public:
  explicit BlobFile(base::UniqueFd fd) : fd_(std::move(fd)), source_(fd_.get()) {}
  std::size_t read(std::span<std::byte> buffer) override { return source_.read(buffer); }

 private:
  base::UniqueFd fd_;
  base::FdSource source_;
};

}  // namespace

bool is_nondistributable(const image::Descriptor& blob) {
  return !blob.urls.empty() && image::media_type::is_nondistributable(blob.media_type);
}

std::string short_name(const base::Digest& digest) {
  return std::string(digest.algorithm()) + ":" + digest.short_hex();
}

void fetch_into_store(const layers::ContentStore& content, const image::Descriptor& blob,
                      layers::BlobProvider* provider, builder::VertexId vertex,
                      builder::EventSink& events, std::stop_token stop) {
  if (provider == nullptr) {
    const auto size = content.try_size(blob.digest);
    base::Error error("blob " + blob.digest.str() +
                      (size && *size != blob.size_bytes
                           ? " in the store is damaged: it has " + std::to_string(*size) +
                                 " bytes in place of " + std::to_string(blob.size_bytes)
                           : " is not in the store") +
                      ", and it is not known where it came from");
    error.set_hint("pull or build the image again");
    throw error;
  }
  auto ingest = content.begin_ingest();
  CountingSink counted(*ingest, blob, vertex, events);
  provider->fetch(blob, counted, std::move(stop));
  if (ingest->size_bytes() != blob.size_bytes) {
    throw base::ContentError("size of blob " + blob.digest.str(), std::to_string(blob.size_bytes),
                             std::to_string(ingest->size_bytes()));
  }
  ingest->commit(blob.digest);
}

std::unique_ptr<base::ByteSource> open_blob(const layers::ContentStore& content,
                                            const base::Digest& digest) {
  return std::make_unique<BlobFile>(content.open(digest));
}

}  // namespace ibuild::remote
