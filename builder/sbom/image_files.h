#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "layers/layer.h"
#include "layers/store.h"
#include "layers/tree_view.h"

namespace ibuild::builder {

/// The files of an image, read through the indexes of its layers: nothing is mounted or unpacked.
class ImageFiles {
 public:
  using Node = layers::TreeView::Node;

  /// Makes indexes that are missing. `store` outlives this. Blocks.
  ImageFiles(const layers::LayerChain& chain, const layers::Store& store, std::stop_token stop);

  /// Every regular file, in walk order. Throws: CancelledError.
  void walk(const std::function<void(const Node&)>& visit) const;
  /// The regular file that `path` leads to, links inside the image followed; none when there is
  /// none.
  std::optional<Node> find(std::string_view path) const;
  /// Its bytes from `offset` on; none beyond its end. Reading throws CancelledError.
  /// Requires: a regular file of this image.
  std::unique_ptr<base::ByteSource> open(const Node& file, std::uint64_t offset = 0) const;
  /// The whole of it. Throws: ContentError above `cap_bytes`.
  std::string read(const Node& file, std::uint64_t cap_bytes) const;

 private:
  layers::LayerChain chain_;
  const layers::Store& store_;
  std::stop_token stop_;
  layers::TreeView view_;
};

}  // namespace ibuild::builder
