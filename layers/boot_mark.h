#pragma once

#include <string>

#include "base/fs_at.h"

namespace ibuild::layers {

/// What tells one run of the machine from the next; empty where the kernel does not say.
std::string current_boot_id();

/// Notes beside a tree that it was made, or found to be whole, in this run
/// of the machine: until it goes down, what was written is there, synced or not. Takes the place of
/// whatever stands there.
void put_boot_mark(const base::DirFd& dir, const base::RelPath& tree, const std::string& boot_id);

/// Whether the tree bears the mark of this run; what is no mark of ours is none.
bool has_boot_mark(const base::DirFd& dir, const base::RelPath& tree, const std::string& boot_id);

}  // namespace ibuild::layers
