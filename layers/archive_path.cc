#include "layers/archive_path.h"

#include "base/error.h"
#include "base/text.h"
#include "layers/tar_format.h"

namespace ibuild::layers {

base::RelPath clean_archive_path(std::string_view name, AboveRoot above) {
  if (name.size() > 2 * kMaxPathBytes) throw base::ContentError("a path is too long");
  long depth = 0;
  for (std::string_view part : base::split(name, '/')) {
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0 && above == AboveRoot::refuse) {
      throw base::ContentError("path \"" + base::printable(name.substr(0, 200)) +
                               "\" leads out of the root directory");
    }
  }
  base::RelPath path = base::RelPath::clean(name);
  if (path.str().size() > kMaxPathBytes) throw base::ContentError("a path is too long");
  return path;
}

void check_symlink_target(std::string_view target) {
  if (target.empty()) throw base::ContentError("a symbolic link has no target");
  if (target.size() > kMaxLinkTargetBytes || target.find('\0') != std::string_view::npos) {
    throw base::ContentError("a symbolic link's target is too long or holds a NUL byte");
  }
}

}  // namespace ibuild::layers
