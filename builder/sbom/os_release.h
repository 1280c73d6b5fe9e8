#pragma once

#include <string>
#include <string_view>

#include "builder/sbom/image_files.h"

namespace ibuild::builder {

/// The distribution of an image. See: os-release(5).
struct OsRelease {
  std::string id;          // "debian"; empty: not told
  std::string version_id;  // "12"; empty: not told
  std::string name;        // "Debian GNU/Linux 12 (bookworm)"; empty: not told

  /// As package URLs name it: "debian-12"; empty when it is not told.
  std::string distro() const;
};

OsRelease parse_os_release(std::string_view text);
/// Of the image; empty when it has no such file.
OsRelease read_os_release(const ImageFiles& files);

}  // namespace ibuild::builder
