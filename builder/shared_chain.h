#pragma once

#include <cstddef>
#include <memory>

#include "layers/layer.h"

namespace ibuild::builder {

/// A chain of layers that shares those below its top with the chain it was made of: a thousand
/// steps on each other hold a thousand layers. A value, immutable, cheap to copy, for any thread.
class SharedChain {
 public:
  SharedChain() = default;
  explicit SharedChain(const layers::LayerChain& chain);

  /// This chain with one more layer on top.
  SharedChain with(layers::Layer layer) const;
  std::size_t size() const { return top_ ? top_->size : 0; }
  bool empty() const { return top_ == nullptr; }
  /// Requires: not empty.
  const layers::Layer& top() const { return top_->layer; }
  /// All of them, lowest first. Copies them.
  layers::LayerChain layers() const;

 private:
  struct Link {
    Link(layers::Layer top, std::shared_ptr<Link> rest);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link();

    layers::Layer layer;
    std::shared_ptr<Link> below;  // shared: by all chains that go on from it; null: the lowest
    std::size_t size;
  };
  std::shared_ptr<Link> top_;
};

}  // namespace ibuild::builder
