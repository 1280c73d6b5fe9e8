#include "builder/shared_chain.h"

#include <catch2/catch.hpp>

using namespace ibuild;
using builder::SharedChain;

namespace {

layers::Layer layer(const std::string& text) {
  return {base::sha256_of(text), std::nullopt, nullptr};
}

std::vector<base::Digest> digests(const SharedChain& chain) {
  std::vector<base::Digest> found;
  for (const auto& each : chain.layers()) found.push_back(each.diff_id);
  return found;
}

}  // namespace

TEST_CASE("shared_chain: two chains go on from one", "[builder]") {
  const SharedChain base({layer("a"), layer("b")});
  const auto left = base.with(layer("l"));
  const auto right = base.with(layer("r"));
  CHECK(digests(base) == std::vector{base::sha256_of("a"), base::sha256_of("b")});
  CHECK(digests(left) ==
        std::vector{base::sha256_of("a"), base::sha256_of("b"), base::sha256_of("l")});
  CHECK(right.size() == 3);
  CHECK(right.top().diff_id == base::sha256_of("r"));
  CHECK(&left.top() != &right.top());
}

TEST_CASE("shared_chain: without layers it is empty", "[builder]") {
  CHECK(SharedChain().empty());
  CHECK(SharedChain().layers().empty());
  CHECK(SharedChain(layers::LayerChain{}).size() == 0);
  CHECK(SharedChain().with(layer("a")).size() == 1);
}

TEST_CASE("shared_chain: a very long one goes without a deep stack, what others hold stays",
          "[builder]") {
  constexpr std::size_t kLength = 300'000;
  SharedChain kept;
  {
    SharedChain chain;
    const auto same = layer("same");
    for (std::size_t i = 0; i < kLength; ++i) {
      chain = chain.with(same);
      if (chain.size() == 2) kept = chain;
    }
    CHECK(chain.size() == kLength);
  }
  CHECK(kept.layers().size() == 2);
}
