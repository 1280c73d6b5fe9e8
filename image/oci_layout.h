#pragma once

#include <string_view>

namespace ibuild::image {

/// The file that marks a folder or an archive as an OCI image layout, and its content.
/// See: image-spec/image-layout.md.
inline constexpr std::string_view kOciLayoutFile = "oci-layout";
inline constexpr std::string_view kOciLayoutJson = R"({"imageLayoutVersion":"1.0.0"})";

/// Throws: base::ContentError when `json` is not the marker of a layout of version 1.
void check_oci_layout(std::string_view json);

}  // namespace ibuild::image
