#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/rel_path.h"

namespace ibuild::builder {

/// What a walk along a path needs to know about one component. All components before it are known
/// to be directories.
struct PathKind {
  bool is_directory = false;
  std::optional<std::string> link_target;  // of a symlink
};
using PathLookup = std::function<std::optional<PathKind>(const base::RelPath& path)>;

enum class LastLink { follow, keep };
enum class Missing {
  gives_none,  // the path must exist
  is_taken,    // components that do not exist are taken as they are
};

/// Follows the links of `path` with the root as "/", as the kernel's RESOLVE_IN_ROOT does; ".."
/// never leaves the root. A component below something that is no directory counts as missing.
/// Throws: base::UsageError after 255 links (ELOOP).
std::optional<base::RelPath> follow_links(const base::RelPath& path, const PathLookup& lookup,
                                          LastLink last, Missing missing);

}  // namespace ibuild::builder
