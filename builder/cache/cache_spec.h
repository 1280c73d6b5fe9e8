#pragma once

#include <map>
#include <string>

namespace ibuild::builder {

/// `--cache-from type=…` or `--cache-to type=…`. Which attributes a type takes is checked before
/// the build starts.
struct CacheSpec {
  std::string type;  // "registry", "local", "inline"
  std::map<std::string, std::string> attributes;
};

}  // namespace ibuild::builder
