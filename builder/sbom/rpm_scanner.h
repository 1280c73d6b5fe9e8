#pragma once

#include "builder/sbom/package_scanner.h"

namespace ibuild::builder {

/// Fedora, RHEL and their like, SUSE: databases of rpm in all three formats.
extern const PackageScanner kRpmScanner;

}  // namespace ibuild::builder
