#pragma once

#include <string_view>
#include <vector>

#include "base/fs_at.h"
#include "layers/overlay_format.h"

namespace ibuild::layers {

/// What overlayfs says by extended attributes of a file or directory in an upper layer.
struct UpperMarks {
  bool is_opaque = false;
  bool holds_xattr_whiteouts = false;  // opaque = "x": empty files may be whiteouts
  bool is_xattr_whiteout = false;
};

/// Reads the marks of an open file, gives the attributes that a layer keeps, and takes away from
/// the file those that no layer can hold (user.*, ACLs). A record of the owner stays.
/// Throws: ContentError for redirects and metadata-only copies, which a differ cannot read.
UpperMarks read_upper_marks(int fd, std::string_view shown_as, OverlayXattrs xattrs,
                            std::vector<base::Xattr>& kept);

}  // namespace ibuild::layers
