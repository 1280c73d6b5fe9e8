#include "layers/layer_builder.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "layers/entry_writer.h"
#include "layers/hash_pipeline.h"
#include "layers/index_image.h"
#include "layers/layer_store_state.h"
#include "layers/tar_writer.h"
#include "layers/temp_file.h"

namespace ibuild::layers {

namespace {

void refuse(const LayerEntry& entry, std::string_view why) {
  throw base::ContentError("\"" + base::printable(entry.path.absolute()) + "\" " +
                           std::string(why));
}

void check_hard_links(const LayerIndex& index) {
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (index.type_at(i) != EntryType::hardlink) continue;
    const LayerEntry& entry = index.at(i);
    const LayerEntry* file = index.find(base::RelPath::exact(entry.link_target));
    if (file == nullptr || file->type != EntryType::file || !walk_less(*file, entry)) {
      refuse(entry, "is a hard link to no earlier file of its layer");
    }
  }
}

}  // namespace

class LayerStore::Builder : public LayerBuilder {
 public:
  Builder(const State& state, std::unique_ptr<BlobWriter> blob)
      : state_(state),
        blob_(std::move(blob)),
        tar_(blob_ ? nullptr : std::make_unique<TempFile>(state.temp)),
        out_(state.pool, blob_ ? static_cast<base::ByteSink*>(blob_.get()) : tar_.get()),
        writer_(out_),
        files_(writer_, state.pool) {}

  void add(LayerEntry entry, base::ByteSource* data) override {
    if (!entries_.empty() && !walk_less(last_, entry)) {
      refuse(entry, "comes out of order in its layer");
    }
    if (!entries_.empty() && last_.path == entry.path) refuse(entry, "stands twice in its layer");
    files_.add(entry, data);
    entries_.add(entry);
    last_ = std::move(entry);
  }

  Layer commit() override {
    const LayerIndex index = finish_index();
    check_hard_links(index);
    writer_.finish();
    Layer layer{.diff_id = out_.finish(), .blob = {}, .provider = {}};
    const LayerFolder folder = state_.folder(layer.diff_id);
    const auto lock = state_.lock(layer.diff_id, {});
    if (blob_) {
      blob_->finish(layer.diff_id);
    } else if (!folder.has_tar()) {
      folder.put_tar(*tar_);
    }
    folder.put_index(index);  // last: it is what makes the layer known
    return layer;
  }

 private:
  LayerIndex finish_index() {
    auto flags = entries_.flags();
    flags.own_tar = true;
    return LayerIndex(entries_.finish(flags));
  }

  const State& state_;
  std::unique_ptr<BlobWriter> blob_;  // may be null
  std::unique_ptr<TempFile> tar_;     // null when there is a blob, which holds the same bytes
  HashPipeline out_;
  TarWriter writer_;
  EntryWriter files_;
  IndexImage::Writer entries_;  // there may be very many
  LayerEntry last_;
};

std::unique_ptr<LayerBuilder> LayerStore::begin_layer(
    const std::optional<BlobRequest>& blob) const {
  return std::make_unique<Builder>(*state_, blob ? begin_blob(*blob) : nullptr);
}

}  // namespace ibuild::layers
