#include "builder/sbom/package_scanner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "builder/sbom/apk_scanner.h"
#include "builder/sbom/dpkg_scanner.h"
#include "builder/sbom/npm_scanner.h"
#include "builder/sbom/python_scanner.h"

namespace ibuild::builder {

namespace {

/// Says of a package where it stands, when the scanner did not.
void complete(std::vector<Package>& packages, std::size_t first, const std::string& path) {
  for (std::size_t i = first; i < packages.size(); ++i) {
    if (packages[i].paths.empty()) packages[i].paths.insert("/" + path);
  }
}

void scan_file(const PackageScanner& scanner, const ScannedFile& file, PackageList& list) {
  const auto first = list.packages.size();
  try {
    scanner.scan(file, list);
  } catch (const base::CancelledError&) {
    throw;
  } catch (const base::ContentError& error) {
    list.gaps.push_back("/" + file.path() + " (" + scanner.name + "): " + error.what());
  }
  complete(list.packages, first, file.path());
}

}  // namespace

std::span<const PackageScanner> package_scanners() {
  static const std::array scanners = {kDpkgScanner, kApkScanner, kPythonScanner, kNpmScanner};
  return scanners;
}

PackageList scan_packages(const ImageFiles& files) {
  PackageList list;
  const auto os = read_os_release(files);
  bool full = false;
  files.walk([&](const ImageFiles::Node& node) {
    for (const auto& scanner : package_scanners()) {
      if (full || !scanner.wants(node.path.str(), *node.entry)) continue;
      scan_file(scanner, {files, node, os}, list);
      full = list.packages.size() > kMaxPackages;
    }
  });
  if (full) {
    list.packages.resize(kMaxPackages);
    list.gaps.push_back("more than " + std::to_string(kMaxPackages) + " packages");
  }
  list.packages = merge_packages(std::move(list.packages));
  std::sort(list.gaps.begin(), list.gaps.end());
  return list;
}

}  // namespace ibuild::builder
