#include "builder/tree/layered_tree.h"

#include <cstdint>
#include <utility>

#include "base/error.h"

namespace ibuild::builder {
namespace {

/// A directory that no layer describes, only holds things of: what an unpacker makes of it.
layers::LayerEntry implied_directory() {
  layers::LayerEntry entry;
  entry.type = layers::EntryType::directory;
  entry.mode = 0755;
  return entry;
}

SourceFile make_file(const layers::TreeView::Node& node) {
  SourceFile file;
  file.entry = node.entry != nullptr ? *node.entry : implied_directory();
  file.entry.path = node.path;
  file.layer = node.layer;
  file.origin = node.entry;
  // A node of a hard link carries the entry of its file, so that equal entries are one file.
  if (file.is_file()) file.link = LinkKey{node.layer, reinterpret_cast<std::uintptr_t>(node.entry)};
  return file;
}

}  // namespace

layers::TreeView view_of(const layers::LayerStore& layers, const layers::LayerChain& chain,
                         std::stop_token stop) {
  std::vector<std::shared_ptr<const layers::LayerIndex>> indexes;
  indexes.reserve(chain.size());
  for (const auto& layer : chain) indexes.push_back(layers.index(layer, stop));
  return layers::TreeView(std::move(indexes));
}

LayeredTree::LayeredTree(const layers::LayerStore& layers, layers::LayerChain chain,
                         std::string shown_as, std::stop_token stop)
    : layers_(layers),
      chain_(std::move(chain)),
      shown_as_(std::move(shown_as)),
      view_(view_of(layers, chain_, stop)) {}

std::optional<SourceFile> LayeredTree::lookup(const base::RelPath& path) const {
  if (path.is_root()) return make_file(view_.root().node());
  const auto node = view_.lookup(path);
  if (!node) return std::nullopt;
  return make_file(*node);
}

std::vector<SourceFile> LayeredTree::children(const base::RelPath& directory) const {
  std::vector<SourceFile> files;
  for (const auto& node : view_.children(directory)) files.push_back(make_file(node));
  return files;
}

void LayeredTree::digest_files(std::span<SourceFile*> files, std::stop_token stop) const {
  for (SourceFile* file : files) {
    if (!file->is_file() || file->entry.content) continue;
    if (stop.stop_requested()) throw base::CancelledError();
    file->entry.content = layers_.file_digest(chain_[file->layer], *file->origin);
  }
}

std::unique_ptr<base::ByteSource> LayeredTree::open(const SourceFile& file) const {
  return layers_.open_file(chain_[file.layer], *file.origin);
}

}  // namespace ibuild::builder
