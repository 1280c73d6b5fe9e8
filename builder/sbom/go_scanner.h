#pragma once

#include "builder/sbom/package_scanner.h"

namespace ibuild::builder {

/// Go programs: the modules that they were built from, which the linker writes into them.
/// See: Go's debug/buildinfo; the purl type "golang".
extern const PackageScanner kGoScanner;

}  // namespace ibuild::builder
