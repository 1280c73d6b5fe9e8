#pragma once

#include <map>
#include <string>

#include "image/platform.h"
#include "image/reference.h"

namespace ibuild::builder {

/// A package by type, name and version. See: the purl specification, github.com/package-url.
struct PackageUrl {
  std::string type;             // "deb", "pypi", …
  std::string name_space = {};  // segments parted by "/"; empty: none
  std::string name;
  std::string version = {};                            // empty: none
  std::map<std::string, std::string> qualifiers = {};  // by key; those without a value are left out
  std::string subpath = {};

  /// Canonical: sorted, percent-encoded.
  std::string str() const;
};

/// An image; type "docker" for those of registries, "oci" for those of layouts.
std::string image_package_url(const std::string& type, const image::Reference& reference,
                              const image::Platform& platform);

}  // namespace ibuild::builder
