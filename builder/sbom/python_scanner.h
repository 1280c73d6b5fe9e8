#pragma once

#include "builder/sbom/package_scanner.h"

namespace ibuild::builder {

/// Python's packages: NAME.dist-info/METADATA, NAME.egg-info/PKG-INFO, and NAME.egg-info as a file.
/// See: packaging.python.org, "Core metadata"; the purl type "pypi".
extern const PackageScanner kPythonScanner;

}  // namespace ibuild::builder
