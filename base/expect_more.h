#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ibuild::base {

/// Room for `count` more elements. Called over and over for a few each, it still moves each element
/// only so often as push_back() alone would.
template <typename T>
void expect_more(std::vector<T>& elements, std::size_t count) {
  const std::size_t wanted = elements.size() + count;
  if (wanted > elements.capacity()) elements.reserve(std::max(wanted, 2 * elements.capacity()));
}

}  // namespace ibuild::base
