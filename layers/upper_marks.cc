// See: Documentation/filesystems/overlayfs.rst of Linux, "whiteouts and opaque directories",
// "Redirecting directories", "Metadata only copy up".
#include "layers/upper_marks.h"

#include <sys/xattr.h>

#include <cerrno>
#include <string>

#include "base/error.h"
#include "base/owner_record.h"
#include "layers/xattr_policy.h"

namespace ibuild::layers {

namespace {

void apply_mark(std::string_view mark, std::string_view value, std::string_view shown_as,
                UpperMarks& marks) {
  if (mark == "opaque") {
    marks.is_opaque = value == "y";
    marks.holds_xattr_whiteouts = value == "x";
  } else if (mark == "whiteout") {
    marks.is_xattr_whiteout = true;
  } else if (mark == "redirect" || mark == "metacopy") {
    throw base::ContentError(std::string(shown_as) + ": overlayfs has left a \"" +
                             std::string(mark) +
                             "\" mark, although it was mounted without that feature");
  }
}

void remove_xattr(int fd, const std::string& name, std::string_view shown_as) {
  if (::fremovexattr(fd, name.c_str()) == 0 || errno == ENODATA) return;
  throw base::SystemError("remove " + name + " of", shown_as);
}

/// Most files have no attributes at all, and that is quickly told.
bool has_xattrs(int fd) { return ::flistxattr(fd, nullptr, 0) > 0; }

}  // namespace

UpperMarks read_upper_marks(int fd, std::string_view shown_as, OverlayXattrs xattrs,
                            std::vector<base::Xattr>& kept) {
  UpperMarks marks;
  if (!has_xattrs(fd)) return marks;
  const bool is_overlay = xattrs != OverlayXattrs::none;
  const std::string_view prefix = is_overlay ? overlay_prefix(xattrs) : "";
  for (base::Xattr& xattr : base::list_xattrs(fd, shown_as)) {
    if (is_overlay && xattr.name.starts_with(prefix)) {
      apply_mark(std::string_view(xattr.name).substr(prefix.size()), xattr.value, shown_as, marks);
    } else if (is_stored_xattr(xattr.name)) {
      kept.push_back(std::move(xattr));
    } else if ((xattr.name.starts_with("user.") && xattr.name != base::kOwnerXattr) ||
               xattr.name.starts_with("system.posix_acl_")) {
      remove_xattr(fd, xattr.name, shown_as);
    }
  }
  return marks;
}

}  // namespace ibuild::layers
