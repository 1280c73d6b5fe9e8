// The compressed forms of layers.
#include <utility>

#include "base/error.h"
#include "image/media_types.h"
#include "layers/gzip_compressor.h"
#include "layers/layer_materializer.h"
#include "layers/zstd_compressor.h"

namespace ibuild::layers {

namespace {

/// Names the bytes that these options give: "gzip-5", "zstd-3", "none".
std::string way_of(const CompressionOptions& options) {
  switch (options.type) {
    case LayerCompression::gzip:
      return "gzip-" + std::to_string(options.level.value_or(kDefaultGzipLevel));
    case LayerCompression::zstd:
      return "zstd-" + std::to_string(options.level.value_or(kDefaultZstdLevel));
    case LayerCompression::none:
      break;
  }
  return "none";
}

/// Whether the layer's own blob may stand for what `options` ask for.
bool is_acceptable(const image::Descriptor& blob, const CompressionOptions& options, bool force) {
  return !force || image::media_type::layer_compression(blob.media_type) == options.type;
}

}  // namespace

class LayerStore::CompressedBlob : public BlobWriter {
 public:
  CompressedBlob(const State& state, BlobRequest request)
      : state_(state),
        request_(std::move(request)),
        ingest_(state.content.begin_ingest()),
        out_(*ingest_, request_.watcher.get()),
        compressor_(make_compressor(request_.compression, out_, state.pool)) {}

  void write(base::Bytes bytes) override { compressor_->write(bytes); }

  image::Descriptor finish(const base::Digest& diff_id) override {
    compressor_->finish();
    image::Descriptor blob;
    blob.media_type = image::media_type::oci_layer_type(request_.compression.type);
    blob.size_bytes = ingest_->size_bytes();
    blob.digest = ingest_->commit();
    state_.folder(diff_id).put_blob_record(way_of(request_.compression), blob);
    if (request_.watcher) request_.watcher->complete(blob);
    return blob;
  }

 private:
  /// Lets the watcher know of what the ingest gets.
  class Output : public base::ByteSink {
   public:
    Output(Ingest& ingest, BlobWatcher* watcher) : ingest_(ingest), watcher_(watcher) {}
    void write(base::Bytes bytes) override {
      ingest_.write(bytes);
      if (watcher_ != nullptr) watcher_->grown(ingest_.fd(), ingest_.size_bytes());
    }

   private:
    Ingest& ingest_;
    BlobWatcher* watcher_;
  };

  const State& state_;
  BlobRequest request_;
  std::unique_ptr<Ingest> ingest_;
  Output out_;
  std::unique_ptr<Compressor> compressor_;  // after what it writes to
};

std::optional<image::Descriptor> LayerStore::known_blob(const Layer& layer,
                                                        const CompressionOptions& options,
                                                        bool force) const {
  const auto& content = state_->content;
  if (layer.blob && is_acceptable(*layer.blob, options, force)) {
    if (layer.provider || content.has_exact(layer.blob->digest, layer.blob->size_bytes)) {
      return layer.blob;
    }
  }
  auto made = state_->folder(layer.diff_id).try_read_blob_record(way_of(options));
  if (made && !content.has_exact(made->digest, made->size_bytes)) made.reset();
  return made;
}

image::Descriptor LayerStore::ensure_blob(const Layer& layer, const CompressionOptions& options,
                                          bool force, std::stop_token stop) const {
  auto known = known_blob(layer, options, force);
  if (known && known == layer.blob) {
    const auto& content = state_->content;
    if (!content.has_exact(known->digest, known->size_bytes)) {
      const auto lock = state_->lock(layer.diff_id, stop);
      if (!content.has_exact(known->digest, known->size_bytes)) {
        Materializer(*state_, layer, stop, {}).fetch_blob();
      }
    }
    return *known;
  }
  if (known) return *known;

  const std::string way = way_of(options);
  const std::string lock_name = "blob-" + std::string(layer.diff_id.hex()) + "-" + way;
  const auto lock = base::LockFile::acquire(state_->locks, base::RelPath::exact(lock_name),
                                            base::LockFile::Mode::exclusive, stop);
  known = known_blob(layer, options, force);
  if (known) return *known;
  const auto blob = begin_blob({.compression = options});
  write_tar(layer, *blob, stop);
  return blob->finish(layer.diff_id);
}

std::unique_ptr<BlobWriter> LayerStore::begin_blob(const BlobRequest& request) const {
  return std::make_unique<CompressedBlob>(*state_, request);
}

}  // namespace ibuild::layers
