#pragma once

#include <string>
#include <vector>

#include "builder/sbom/package_scanner.h"
#include "tests/support/builder/fakes.h"

namespace ibuild::test {

/// Images of a few files, and what the scanners find in them.
struct SbomFixture : BuildFixture {
  builder::PackageList scan(const std::vector<FakeFile>& content) {
    const auto& image = images.add("image" + std::to_string(++count_) + ":1", content);
    return builder::scan_packages(builder::ImageFiles(image.layers, *store, {}));
  }
  /// The package URLs alone.
  std::vector<std::string> urls(const std::vector<FakeFile>& content) {
    std::vector<std::string> list;
    for (const auto& package : scan(content).packages) list.push_back(package.url.str());
    return list;
  }

 private:
  int count_ = 0;
};

using Urls = std::vector<std::string>;

}  // namespace ibuild::test
