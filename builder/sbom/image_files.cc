#include "builder/sbom/image_files.h"

#include <utility>

#include "base/error.h"
#include "builder/tree/layered_tree.h"

namespace ibuild::builder {

namespace {

bool is_regular(const layers::TreeView::Node& node) {
  return node.entry != nullptr && node.entry->type == layers::EntryType::file;
}

/// A scan that takes long ends when it is told to.
class StoppedSource : public base::ByteSource {
 public:
  StoppedSource(std::unique_ptr<base::ByteSource> from, std::stop_token stop)
      : from_(std::move(from)), stop_(std::move(stop)) {}
  std::size_t read(std::span<std::byte> buffer) override {
    if (stop_.stop_requested()) throw base::CancelledError();
    return from_->read(buffer);
  }

 private:
  std::unique_ptr<base::ByteSource> from_;
  std::stop_token stop_;
};

}  // namespace

ImageFiles::ImageFiles(const layers::LayerChain& chain, const layers::Store& store,
                       std::stop_token stop)
    : chain_(chain),
      store_(store),
      stop_(std::move(stop)),
      view_(view_of(store.layers(), chain, stop_)) {}

void ImageFiles::walk(const std::function<void(const Node&)>& visit) const {
  view_.walk(base::RelPath(), [&](const Node& node) {
    if (stop_.stop_requested()) throw base::CancelledError();
    if (is_regular(node)) visit(node);
  });
}

std::optional<ImageFiles::Node> ImageFiles::find(std::string_view path) const {
  try {
    auto node = view_.resolve(base::RelPath::clean(path), /*follow_last=*/true);
    if (node && is_regular(*node)) return node;
  } catch (const base::Error&) {
    // links in a circle lead to no file
  }
  return std::nullopt;
}

std::unique_ptr<base::ByteSource> ImageFiles::open(const Node& file, std::uint64_t offset) const {
  return std::make_unique<StoppedSource>(
      store_.layers().open_file(chain_[file.layer], *file.entry, stop_, offset), stop_);
}

std::string ImageFiles::read(const Node& file, std::uint64_t cap_bytes) const {
  const auto bytes = open(file);
  return base::read_all(*bytes, cap_bytes, "/" + file.path.str());
}

}  // namespace ibuild::builder
