#pragma once

#include <set>
#include <string>
#include <vector>

#include "builder/attest/package_url.h"

namespace ibuild::builder {

/// A package that an image has, as its database tells.
struct Package {
  PackageUrl url;
  std::string license = {};     // as written there; empty: not told
  std::string supplier = {};    // "Name <mail>" or a name; empty: not told
  std::string homepage = {};    // a URL; empty: not told
  std::string origin = {};      // the source package that it was built from; empty: not told
  std::set<std::string> paths;  // what told of it, absolute
};

/// What is known of an image's packages.
struct PackageList {
  std::vector<Package> packages = {};
  /// What could not be read, and why: "/var/lib/rpm/Packages: …".
  std::vector<std::string> gaps = {};
};

/// One entry for each package URL with all its paths, sorted.
std::vector<Package> merge_packages(std::vector<Package> packages);

}  // namespace ibuild::builder
