#include "builder/sbom/package.h"

#include <map>
#include <utility>

namespace ibuild::builder {

std::vector<Package> merge_packages(std::vector<Package> packages) {
  std::map<std::string, Package> merged;
  for (auto& package : packages) {
    auto text = package.url.str();
    const auto [place, is_new] = merged.try_emplace(std::move(text), package);
    if (!is_new) place->second.paths.merge(package.paths);
  }
  std::vector<Package> sorted;
  sorted.reserve(merged.size());
  for (auto& [url, package] : merged) sorted.push_back(std::move(package));
  return sorted;
}

}  // namespace ibuild::builder
