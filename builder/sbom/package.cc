#include "builder/sbom/package.h"

#include <algorithm>
#include <map>
#include <utility>

namespace ibuild::builder {

namespace {

std::uint64_t text_bytes_of(const Package& package) {
  const auto& url = package.url;
  std::uint64_t sum = url.name_space.size() + url.name.size() + url.version.size() +
                      package.license.size() + package.supplier.size() + package.homepage.size() +
                      package.origin.size();
  for (const auto& [key, value] : url.qualifiers) sum += key.size() + value.size();
  for (const auto& path : package.paths) sum += path.size();
  return sum;
}

/// One entry for each package URL with all its paths, sorted.
std::vector<Package> merge(std::vector<Package> packages) {
  std::map<std::string, Package> merged;
  for (auto& package : packages) {
    auto text = package.url.str();
    const auto place = merged.find(text);
    if (place == merged.end()) {
      merged.emplace(std::move(text), std::move(package));
    } else {
      place->second.paths.merge(package.paths);
    }
  }
  std::vector<Package> sorted;
  sorted.reserve(merged.size());
  for (auto& [url, package] : merged) sorted.push_back(std::move(package));
  return sorted;
}

}  // namespace

void PackageList::add(Package package) {
  if (is_full()) return;
  if (package.paths.empty()) package.paths.insert(place);
  text_bytes_ += text_bytes_of(package);
  packages.push_back(std::move(package));
}

void PackageList::add_gap(std::string gap) {
  if (gaps.size() < kMaxGaps) {
    gaps.push_back(std::move(gap));
  } else {
    ++more_gaps_;
  }
}

bool PackageList::is_full() const {
  return packages.size() > kMaxPackages || text_bytes_ > kMaxTextBytes;
}

void PackageList::finish() {
  std::sort(gaps.begin(), gaps.end());
  if (more_gaps_ > 0)
    gaps.push_back(std::to_string(more_gaps_) + " more files that could not be read");
  if (is_full()) {
    packages.pop_back();
    gaps.push_back("packages after the first " + std::to_string(packages.size()) +
                   ": there are too many");
  }
  packages = merge(std::move(packages));
}

}  // namespace ibuild::builder
