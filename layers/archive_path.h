#pragma once

#include <string_view>

#include "base/rel_path.h"

namespace ibuild::layers {

/// The path that a name in an archive means below the root it is unpacked to: "/a", "./a" and
/// "b/../a" are "a" (".." taken as text, no link is looked at).
/// Throws: ContentError when the name leads above the root, is too long or holds a NUL.
base::RelPath clean_archive_path(std::string_view name);

/// Throws: ContentError for what no symbolic link can hold.
void check_symlink_target(std::string_view target);

}  // namespace ibuild::layers
