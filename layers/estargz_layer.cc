// Layers in the format that may be mounted without being pulled.
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "image/estargz.h"
#include "image/media_types.h"
#include "layers/estargz_writer.h"
#include "layers/gzip_compressor.h"
#include "layers/layer_store_state.h"

namespace ibuild::layers {

namespace {

/// Kept in the record alone: the diff-id of the blob.
constexpr const char* kInflated = "containerd.io/uncompressed";

Layer layer_of(image::Descriptor blob) {
  const auto inflated = blob.annotations.extract(kInflated);
  Layer layer{.diff_id = base::Digest::parse(inflated.mapped()), .blob = std::nullopt};
  layer.blob = std::move(blob);
  return layer;
}

image::Descriptor describe(const EstargzWriter::Result& made, const Ingest& ingest) {
  image::Descriptor blob;
  blob.media_type = image::media_type::kOciLayerGzip;
  blob.size_bytes = ingest.size_bytes();
  blob.annotations = {{kInflated, made.diff_id.str()},
                      {image::kEstargzToc, made.toc.str()},
                      {image::kEstargzInflatedBytes, std::to_string(made.inflated_bytes)}};
  return blob;
}

}  // namespace

Layer LayerStore::ensure_estargz(const Layer& layer, std::optional<int> wanted_level,
                                 std::stop_token stop) const {
  if (layer.blob && image::is_estargz(*layer.blob)) return layer;
  const int level = wanted_level.value_or(kDefaultGzipLevel);
  const auto folder = state_->folder(layer.diff_id);
  const auto try_read = [&]() -> std::optional<Layer> {
    auto known = folder.try_read_estargz_record(level);
    if (!known || !known->annotations.contains(kInflated)) return std::nullopt;
    if (!state_->content.has_exact(known->digest, known->size_bytes)) return std::nullopt;
    return layer_of(*std::move(known));
  };
  if (auto known = try_read()) return *std::move(known);
  const std::string lock_name =
      "estargz-" + std::string(layer.diff_id.hex()) + "-" + std::to_string(level);
  const auto lock = base::LockFile::acquire(state_->locks, base::RelPath::exact(lock_name),
                                            base::LockFile::Mode::exclusive, stop);
  if (auto known = try_read()) return *std::move(known);

  const auto entries = index(layer, stop);
  const auto ingest = state_->content.begin_ingest();
  EstargzWriter writer(*entries, level, *ingest, state_->pool);
  write_tar(layer, writer, stop);
  const auto made = writer.finish();
  auto blob = describe(made, *ingest);
  blob.digest = ingest->commit();
  folder.put_estargz_record(level, blob);
  return layer_of(std::move(blob));
}

}  // namespace ibuild::layers
