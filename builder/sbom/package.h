#pragma once

#include <cstdint>
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

/// What is known of an image's packages. Databases may be hostile, so there is an end to it.
struct PackageList {
  std::vector<Package> packages = {};
  /// What could not be read, and why: "/var/lib/rpm/Packages: …".
  std::vector<std::string> gaps = {};
  /// The file that is looked at: where packages are that do not say it.
  std::string place = {};

  /// Leaves it out when the list is full.
  void add(Package package);
  /// Leaves it out after kMaxGaps.
  void add_gap(std::string gap);
  /// No more packages are taken.
  bool is_full() const;
  /// Merges and sorts, and says of what was left out that it was.
  void finish();

  static constexpr std::size_t kMaxPackages = 200'000;
  /// Of all texts together: a thousand bytes for each of so many packages is plenty.
  static constexpr std::uint64_t kMaxTextBytes = 128 << 20;
  static constexpr std::size_t kMaxGaps = 100;

 private:
  std::uint64_t text_bytes_ = 0;
  std::uint64_t more_gaps_ = 0;
};

}  // namespace ibuild::builder
