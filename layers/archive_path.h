#pragma once

#include <string_view>

#include "base/rel_path.h"

namespace ibuild::layers {

/// The path that a name in an archive means below the root it is unpacked to: "/a", "./a" and
/// "b/../a" are "a" (".." taken as text, no link is looked at).
/// A name that leads above the root is an error, or is taken with the root as its own parent, as it
/// is for a program that unpacks inside a chroot.
/// Throws: ContentError also when the name is too long or holds a NUL.
enum class AboveRoot { refuse, confine };
base::RelPath clean_archive_path(std::string_view name, AboveRoot above = AboveRoot::refuse);

/// Throws: ContentError for what no symbolic link can hold.
void check_symlink_target(std::string_view target);

}  // namespace ibuild::layers
