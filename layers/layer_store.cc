#include "layers/layer_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "layers/boot_mark.h"
#include "layers/layer_store_state.h"
#include "layers/tree_check.h"

namespace ibuild::layers {

namespace {

/// A range of a file that it owns.
class OwnedRangeSource : public base::ByteSource {
 public:
  OwnedRangeSource(base::UniqueFd fd, std::uint64_t offset, std::uint64_t size)
      : fd_(std::move(fd)), range_(fd_.get(), offset, size) {}
  std::size_t read(std::span<std::byte> buffer) override { return range_.read(buffer); }

 private:
  base::UniqueFd fd_;
  base::FdRangeSource range_;
};

/// Null for a damaged one as well: who wants the index itself makes it again.
std::shared_ptr<const LayerIndex> try_sound_index(const LayerFolder& layer) {
  try {
    return layer.try_read_index();
  } catch (const base::ContentError&) {
    return nullptr;
  }
}

void check_file_size(int fd, const LayerEntry& entry) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw base::SystemError("stat", entry.path.absolute());
  const bool fits =
      S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) == entry.size_bytes;
  if (fits) return;
  throw base::ContentError("\"" + base::printable(entry.path.absolute()) +
                           "\" was changed in the store's unpacked layer");
}

}  // namespace

LayerStore::LayerStore(const base::DirFd& layers_dir, const base::DirFd& temp_dir,
                       const base::DirFd& locks_dir, const ContentStore& content,
                       base::ThreadPool& pool)
    : state_(new State{.layers = layers_dir.dup(),
                       .temp = temp_dir.dup(),
                       .locks = locks_dir.dup(),
                       .content = content,
                       .pool = pool,
                       .xattrs = overlay_xattrs_for(layers_dir),
                       .tree_name = tree_name(overlay_xattrs_for(layers_dir)),
                       .boot_id = current_boot_id()}) {}

LayerStore::~LayerStore() = default;

base::ThreadPool& LayerStore::pool() const { return state_->pool; }

bool LayerStore::State::has_whole_tree(const base::Digest& diff_id) const {
  if (whole_trees.lock()->contains(diff_id)) return true;
  const LayerFolder layer = folder(diff_id);
  const auto tree = layer.try_open_tree();
  if (!tree) return false;
  if (!layer.has_tree_mark(boot_id)) {
    const auto index = try_sound_index(layer);
    if (!index || !fits_index(*tree, *index, xattrs)) return false;
    layer.put_tree_mark(boot_id);
  }
  whole_trees.lock()->insert(diff_id);
  return true;
}

Forms LayerStore::present(const Layer& layer) const {
  const LayerFolder folder = state_->folder(layer.diff_id);
  const auto& content = state_->content;
  Forms forms{.index = folder.has_index(),
              .tree = folder.has_index() && state_->has_whole_tree(layer.diff_id),
              .tar = folder.has_tar(),
              .blob = layer.blob && content.has_exact(layer.blob->digest, layer.blob->size_bytes)};
  // Worth the look where nothing else is there.
  if (!forms.tree && !forms.tar && !forms.blob)
    forms.blob = state_->made_blob(layer.diff_id).has_value();
  return forms;
}

std::optional<image::Descriptor> LayerStore::State::made_blob(const base::Digest& diff_id) const {
  for (auto& blob : folder(diff_id).blob_records()) {
    if (content.has_exact(blob.digest, blob.size_bytes)) return std::move(blob);
  }
  return std::nullopt;
}

std::shared_ptr<const LayerIndex> LayerStore::index(const Layer& layer,
                                                    std::stop_token stop) const {
  {
    auto indexes = state_->indexes.lock();
    const auto known = indexes->find(layer.diff_id);
    if (known != indexes->end()) return known->second;
  }
  const LayerFolder folder = state_->folder(layer.diff_id);
  std::shared_ptr<const LayerIndex> index;
  try {
    index = folder.try_read_index();
  } catch (const base::ContentError&) {
    folder.remove_index();  // made again from another form
  }
  if (!index) {
    materialize(layer, {.index = true}, std::move(stop));
    index = folder.try_read_index();
    if (!index) throw base::Error("layer " + layer.diff_id.str() + ": its index has vanished");
  }
  auto indexes = state_->indexes.lock();
  return indexes->emplace(layer.diff_id, std::move(index)).first->second;
}

std::unique_ptr<base::ByteSource> LayerStore::open_file(const Layer& layer, const LayerEntry& entry,
                                                        std::stop_token stop,
                                                        std::uint64_t skipped_bytes) const {
  const auto skipped = std::min(skipped_bytes, entry.size_bytes);
  const auto size = entry.size_bytes - skipped;
  const LayerFolder folder = state_->folder(layer.diff_id);
  if (state_->has_whole_tree(layer.diff_id)) {
    if (auto file = folder.try_open_in_tree(entry.path)) {
      check_file_size(file->get(), entry);
      return std::make_unique<OwnedRangeSource>(*std::move(file), skipped, size);
    }
  }
  auto tar = folder.try_open_tar();
  if (!tar) {
    materialize(layer, {.tar = true}, std::move(stop));
    tar = folder.try_open_tar();
    if (!tar) throw base::Error("layer " + layer.diff_id.str() + ": its tar has vanished");
  }
  return std::make_unique<OwnedRangeSource>(*std::move(tar), entry.tar_offset + skipped, size);
}

base::Sha256Value LayerStore::file_digest(const Layer& layer, const LayerEntry& entry) const {
  if (entry.content) return *entry.content;
  const auto bytes = open_file(layer, entry);
  return base::sha256_of(*bytes);
}

base::DirFd LayerStore::open_tree(const Layer& layer, std::stop_token stop) const {
  const LayerFolder folder = state_->folder(layer.diff_id);
  if (state_->has_whole_tree(layer.diff_id)) {
    if (auto tree = folder.try_open_tree()) return *std::move(tree);
  }
  materialize(layer, {.tree = true}, std::move(stop));
  if (auto tree = folder.try_open_tree()) return *std::move(tree);
  throw base::Error("layer " + layer.diff_id.str() + ": its tree has vanished");
}

Layer LayerStore::adopt_tree(const base::DirFd& parent_dir, const std::string& name,
                             const LayerIndex& index, const base::Digest& diff_id) const {
  const LayerFolder folder = state_->folder(diff_id);
  const auto lock = state_->lock(diff_id, {});
  if (folder.has_tree() && !state_->has_whole_tree(diff_id)) folder.remove_tree(state_->temp);
  if (!folder.put_tree(parent_dir, name, state_->boot_id)) {
    base::remove_tree(parent_dir, base::RelPath::exact(name));
  }
  folder.put_index(index.with_origin(TarOrigin::own));  // last: it is what makes the layer known
  return {.diff_id = diff_id, .blob = {}, .provider = {}};
}

}  // namespace ibuild::layers
