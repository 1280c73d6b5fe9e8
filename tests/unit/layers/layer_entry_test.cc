#include "layers/layer_entry.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

namespace ibuild::layers {

namespace {

bool is_before(std::string_view a, std::string_view b) { return compare_walk_order(a, b) < 0; }

}  // namespace

TEST_CASE("layer_entry: walk order is that of a depth-first walk with sorted names", "[layers]") {
  std::vector<std::string> paths = {"a-b", "a/x", "b", "a", "a/x/y", "a.b/c", "a.b", "", "a/x-1"};
  std::sort(paths.begin(), paths.end(), is_before);
  CHECK(paths ==
        std::vector<std::string>{"", "a", "a/x", "a/x/y", "a/x-1", "a-b", "a.b", "a.b/c", "b"});
}

TEST_CASE("layer_entry: walk order looks at bytes, not at signed characters", "[layers]") {
  CHECK(is_before("az", "a\xff"));
  CHECK(is_before("a/b", "a\x01"));
  CHECK(is_before("0123456789abcdef/x", "0123456789abcdef-x"));
  CHECK_FALSE(is_before("same", "same"));
}

}  // namespace ibuild::layers
