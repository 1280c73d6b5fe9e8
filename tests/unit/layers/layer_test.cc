#include "layers/layer.h"

#include <catch2/catch.hpp>

namespace ibuild::layers {

namespace {

Layer layer(char digit) {
  return Layer{
      .diff_id = base::Digest::sha256_from_hex(std::string(64, digit)), .blob = {}, .provider = {}};
}

}  // namespace

TEST_CASE("layer: an empty chain has an empty id", "[layers]") { CHECK(chain_id({}).empty()); }

TEST_CASE("layer: the chain id of one layer is its diff-id", "[layers]") {
  CHECK(chain_id({layer('a')}) == layer('a').diff_id);
}

TEST_CASE("layer: a chain id hashes the id below and the next diff-id", "[layers]") {
  const auto two = base::sha256_of(layer('a').diff_id.str() + " " + layer('b').diff_id.str());
  CHECK(chain_id({layer('a'), layer('b')}) == two);
  CHECK(chain_id({layer('a'), layer('b'), layer('c')}) ==
        base::sha256_of(two.str() + " " + layer('c').diff_id.str()));
  CHECK(chain_id({layer('b'), layer('a')}) != two);
}

TEST_CASE("layer: of equal layers the uppermost counts", "[layers]") {
  const auto ids = [](const LayerChain& chain) {
    std::string digits;
    for (const Layer& layer : without_repeats(chain)) digits += layer.diff_id.hex()[0];
    return digits;
  };
  CHECK(ids({}).empty());
  CHECK(ids({layer('a'), layer('b'), layer('a'), layer('c'), layer('c')}) == "bac");
}

TEST_CASE("layer: the folder of a layer is named by hex digits alone", "[layers]") {
  CHECK(layer_folder(layer('d').diff_id) == std::string(64, 'd'));
}

}  // namespace ibuild::layers
