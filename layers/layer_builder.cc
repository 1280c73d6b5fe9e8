#include "layers/layer_builder.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "layers/hash_pipeline.h"
#include "layers/layer_store_state.h"
#include "layers/tar_writer.h"
#include "layers/temp_file.h"

namespace ibuild::layers {

namespace {

/// From this size on a file is hashed by the pool while it is read.
constexpr std::uint64_t kLargeFileBytes = 2 << 20;

/// Hands what is read from a source to a sink as well.
class TappedSource : public base::ByteSource {
 public:
  TappedSource(base::ByteSource& from, base::ByteSink& tap) : from_(from), tap_(tap) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = from_.read(buffer);
    tap_.write(buffer.first(count));
    return count;
  }

 private:
  base::ByteSource& from_;
  base::ByteSink& tap_;
};

void refuse(const LayerEntry& entry, std::string_view why) {
  throw base::ContentError("\"" + base::printable(entry.path.absolute()) + "\" " +
                           std::string(why));
}

void check_hard_links(const LayerIndex& index) {
  for (const LayerEntry& entry : index.entries()) {
    if (entry.type != EntryType::hardlink) continue;
    const LayerEntry* file = index.find(base::RelPath::exact(entry.link_target));
    if (file == nullptr || file->type != EntryType::file || !walk_less(*file, entry)) {
      refuse(entry, "is a hard link to no earlier file of its layer");
    }
  }
}

}  // namespace

class LayerStore::Builder : public LayerBuilder {
 public:
  explicit Builder(const State& state)
      : state_(state), tar_(state.temp), out_(state.pool, &tar_), writer_(out_) {}

  void add(LayerEntry entry, base::ByteSource* data) override {
    if (!entries_.empty() && !walk_less(entries_.back(), entry)) {
      refuse(entry, "comes out of order in its layer");
    }
    const bool is_file = entry.type == EntryType::file;
    std::uint64_t offset = 0;
    if (!is_file || entry.content) {
      offset = writer_.add(entry, data);
    } else if (entry.size_bytes >= kLargeFileBytes) {
      HashPipeline hash(state_.pool);
      offset = add_tapped(entry, data, hash);
      entry.content = hash.finish();
    } else {
      offset = add_tapped(entry, data, small_hash_);
      entry.content = small_hash_.finish();
    }
    entry.tar_offset = is_file ? offset : 0;
    entries_.push_back(std::move(entry));
  }

  Layer commit() override {
    const LayerIndex index(std::move(entries_), TarOrigin::own);
    check_hard_links(index);
    writer_.finish();
    Layer layer{.diff_id = out_.finish(), .blob = {}, .provider = {}};
    const LayerFolder folder = state_.folder(layer.diff_id);
    const auto lock = state_.lock(layer.diff_id, {});
    if (!folder.has_tar()) folder.put_tar(tar_);
    folder.put_index(index);  // last: it is what makes the layer known
    return layer;
  }

 private:
  std::uint64_t add_tapped(const LayerEntry& entry, base::ByteSource* data, base::ByteSink& tap) {
    if (data == nullptr) return writer_.add(entry, nullptr);
    TappedSource tapped(*data, tap);
    return writer_.add(entry, &tapped);
  }

  const State& state_;
  TempFile tar_;
  HashPipeline out_;
  TarWriter writer_;
  base::HashingSink small_hash_;
  std::vector<LayerEntry> entries_;
};

std::unique_ptr<LayerBuilder> LayerStore::begin_layer() const {
  return std::make_unique<Builder>(*state_);
}

}  // namespace ibuild::layers
