#pragma once

#include "base/fs_at.h"

namespace ibuild::base {

/// What open_at does where the kernel has no openat2: the same rules, kept by walking component by
/// component with O_NOFOLLOW and reading each link as text. Never leaves `dir`. Holds three
/// descriptors at most. One difference: a magic link of procfs is taken for the text it shows
/// instead of being refused. Gives an invalid descriptor and sets errno on failure.
UniqueFd open_by_walk(int dir, const RelPath& path, int flags, mode_t mode, Links links);

}  // namespace ibuild::base
