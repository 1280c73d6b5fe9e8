#pragma once

#include <memory>
#include <string>

#include "builder/tree/source_tree.h"
#include "layers/layer.h"
#include "layers/layer_store.h"
#include "layers/tree_view.h"

namespace ibuild::builder {

/// What a chain of layers makes, read through their indexes: nothing is unpacked for it.
class LayeredTree : public SourceTree {
 public:
  /// Makes the indexes that are missing. `layers` must outlive the tree.
  LayeredTree(const layers::LayerStore& layers, layers::LayerChain chain, std::string shown_as,
              std::stop_token stop = {});

  const layers::TreeView& view() const { return view_; }
  std::optional<SourceFile> lookup(const base::RelPath& path) const override;
  std::vector<SourceFile> children(const base::RelPath& directory) const override;
  void digest_files(std::span<SourceFile*> files, std::stop_token stop) const override;
  std::unique_ptr<base::ByteSource> open(const SourceFile& file) const override;
  std::string shown_as() const override { return shown_as_; }

 private:
  const layers::LayerStore& layers_;
  layers::LayerChain chain_;
  std::string shown_as_;
  layers::TreeView view_;
};

/// The indexes of a chain as one tree.
layers::TreeView view_of(const layers::LayerStore& layers, const layers::LayerChain& chain,
                         std::stop_token stop = {});

}  // namespace ibuild::builder
