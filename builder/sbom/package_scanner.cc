#include "builder/sbom/package_scanner.h"

#include <array>

#include "base/error.h"
#include "builder/sbom/apk_scanner.h"
#include "builder/sbom/dpkg_scanner.h"
#include "builder/sbom/gem_scanner.h"
#include "builder/sbom/go_scanner.h"
#include "builder/sbom/java_scanner.h"
#include "builder/sbom/npm_scanner.h"
#include "builder/sbom/python_scanner.h"
#include "builder/sbom/rpm_scanner.h"

namespace ibuild::builder {

namespace {

void scan_file(const PackageScanner& scanner, const ScannedFile& file, PackageList& list) {
  list.place = "/" + file.path();
  try {
    scanner.scan(file, list);
  } catch (const base::CancelledError&) {
    throw;
  } catch (const base::ContentError& error) {
    list.add_gap(list.place + " (" + scanner.name + "): " + error.what());
  }
}

}  // namespace

std::span<const PackageScanner> package_scanners() {
  static const std::array scanners = {kDpkgScanner, kApkScanner, kPythonScanner, kNpmScanner,
                                      kGemScanner,  kGoScanner,  kJavaScanner,   kRpmScanner};
  return scanners;
}

PackageList scan_packages(const ImageFiles& files) {
  PackageList list;
  const auto os = read_os_release(files);
  files.walk([&](const ImageFiles::Node& node) {
    for (const auto& scanner : package_scanners()) {
      if (list.is_full() || !scanner.wants(node.path.str(), *node.entry)) continue;
      scan_file(scanner, {files, node, os}, list);
    }
  });
  list.finish();
  return list;
}

}  // namespace ibuild::builder
