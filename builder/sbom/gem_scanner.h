#pragma once

#include "builder/sbom/package_scanner.h"

namespace ibuild::builder {

/// Ruby's packages: specifications/*.gemspec and specifications/default/*.gemspec, as `gem install`
/// writes them. See: guides.rubygems.org, "Specification reference"; the purl type "gem".
extern const PackageScanner kGemScanner;

}  // namespace ibuild::builder
