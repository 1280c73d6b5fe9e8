#include "builder/shared_chain.h"

#include <algorithm>
#include <utility>

namespace ibuild::builder {

SharedChain::Link::Link(layers::Layer top, std::shared_ptr<Link> rest)
    : layer(std::move(top)), below(std::move(rest)), size(below ? below->size + 1 : 1) {}

/// One after the other, not one within the other: a chain may be longer than the stack is deep.
SharedChain::Link::~Link() {
  auto next = std::move(below);
  while (next && next.use_count() == 1) next = std::exchange(next->below, nullptr);
}

SharedChain::SharedChain(const layers::LayerChain& chain) {
  for (const auto& layer : chain) *this = with(layer);
}

SharedChain SharedChain::with(layers::Layer layer) const {
  SharedChain longer;
  longer.top_ = std::make_shared<Link>(std::move(layer), top_);
  return longer;
}

layers::LayerChain SharedChain::layers() const {
  layers::LayerChain chain;
  chain.reserve(size());
  for (const Link* link = top_.get(); link != nullptr; link = link->below.get())
    chain.push_back(link->layer);
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace ibuild::builder
