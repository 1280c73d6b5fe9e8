#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/sbom/image_files.h"
#include "builder/sbom/os_release.h"
#include "builder/sbom/package.h"

namespace ibuild::builder {

/// A file that a scanner wants to look at.
struct ScannedFile {
  const ImageFiles& files;
  const ImageFiles::Node& node;
  const OsRelease& os;

  const std::string& path() const { return node.path.str(); }
  std::string read(std::uint64_t cap_bytes) const { return files.read(node, cap_bytes); }
};

/// A kind of package databases: which files it wants, and what one of them tells. Files are
/// hostile: what is no database is passed over, what is too large is a gap.
struct PackageScanner {
  const char* name;  // "dpkg"
  /// By the path alone, and what the index says of the file.
  bool (*wants)(std::string_view path, const layers::LayerEntry& entry);
  /// Throws: base::ContentError for what cannot be read; the scan goes on without it.
  void (*scan)(const ScannedFile& file, PackageList& list);
};

/// All that are known.
std::span<const PackageScanner> package_scanners();

/// Looks at every file once. The packages are merged and sorted. Blocks.
/// Throws: CancelledError, and what reading the store throws.
PackageList scan_packages(const ImageFiles& files);

}  // namespace ibuild::builder
