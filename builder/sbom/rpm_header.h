#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ibuild::builder {

/// What the header of an installed package says; empty: not told.
struct RpmHeader {
  std::string name;
  std::string version;
  std::string release;
  std::string epoch;  // a number
  std::string arch;
  std::string vendor;
  std::string packager;
  std::string license;
  std::string url;
  std::string source_rpm;  // "bash-5.2.26-3.fc40.src.rpm"

  /// "1:2.0-3" without the epoch, as purl has it: "2.0-3".
  std::string version_release() const;
};

/// Takes a header apart as it lies in the databases: without the magic of files. None for what is
/// no header or has no name. See: rpm.org, "RPM v4 format", "Header".
std::optional<RpmHeader> parse_rpm_header(std::string_view blob);

}  // namespace ibuild::builder
