#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "builder/sbom/os_release.h"
#include "builder/sbom/package.h"

namespace ibuild::builder {

/// What an SPDX document is made of.
struct SpdxFacts {
  std::string name;  // of the image
  std::string tool;  // "ibuild-1.0"
  base::TimePoint created;
  const PackageList& list;  // sorted
};

/// SPDX 2.3 as JSON: the image as a package that contains the others. Pure: its namespace comes out
/// of the rest of the document, so that equal lists make equal documents and others do not.
/// See: spdx.github.io/spdx-spec/v2.3.
std::string to_spdx_json(const SpdxFacts& facts);

inline constexpr const char* kSpdxPredicateType = "https://spdx.dev/Document";

}  // namespace ibuild::builder
