#pragma once

#include "builder/sbom/package_scanner.h"

namespace ibuild::builder {

/// Java archives (.jar, .war, .ear, .jpi, .hpi) and those inside of them: what
/// META-INF/maven/**/pom.properties tells, the purl type "maven"; where there is none, the name and
/// version that the manifest tells, without saying where the archive comes from.
extern const PackageScanner kJavaScanner;

}  // namespace ibuild::builder
