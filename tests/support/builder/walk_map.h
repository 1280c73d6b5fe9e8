#pragma once

#include <map>
#include <string>

#include "layers/layer_entry.h"

namespace ibuild::test {

struct WalkLess {
  bool operator()(const std::string& a, const std::string& b) const {
    return layers::compare_walk_order(a, b) < 0;
  }
};
/// Values by path, in walk order.
using WalkMap = std::map<std::string, std::string, WalkLess>;

}  // namespace ibuild::test
