#pragma once

#include "builder/sbom/package_scanner.h"

namespace ibuild::builder {

/// Packages of Node.js: node_modules/[@SCOPE/]NAME/package.json, wherever that lies.
/// See: docs.npmjs.com, "package.json"; the purl type "npm".
extern const PackageScanner kNpmScanner;

}  // namespace ibuild::builder
