#pragma once

#include "builder/sbom/package_scanner.h"

namespace ibuild::builder {

/// Debian's packages: var/lib/dpkg/status, and var/lib/dpkg/status.d/ of images without dpkg.
/// Those that are installed. See: dpkg-query(1); the purl type "deb".
extern const PackageScanner kDpkgScanner;

}  // namespace ibuild::builder
