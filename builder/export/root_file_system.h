#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <stop_token>

#include "base/stream.h"
#include "builder/build.h"
#include "layers/layer_entry.h"
#include "layers/tree_view.h"

namespace ibuild::builder {

/// The merged file system of an image, entry by entry, read through the layers' indexes: nothing is
/// mounted or unpacked.
class RootFileSystem {
 public:
  RootFileSystem(const layers::LayerChain& chain, const layers::Store& store, std::stop_token stop);

  class Visitor {
   public:
    virtual ~Visitor() = default;
    /// In walk order. A second path to one file comes as a hardlink entry to the first. `data` is
    /// null for what has no bytes.
    virtual void visit(const layers::LayerEntry& entry, base::ByteSource* data) = 0;
  };
  void visit(Visitor& visitor) const;

 private:
  layers::LayerChain chain_;
  const layers::Store& store_;
  std::stop_token stop_;
  layers::TreeView view_;
};

}  // namespace ibuild::builder
