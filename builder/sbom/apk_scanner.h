#pragma once

#include "builder/sbom/package_scanner.h"

namespace ibuild::builder {

/// Alpine's packages: lib/apk/db/installed, or the same below usr/. See: apk-v2(5), "installed
/// database"; the purl type "apk".
extern const PackageScanner kApkScanner;

}  // namespace ibuild::builder
