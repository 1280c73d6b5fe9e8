#pragma once

#include <sys/types.h>

#include <string>

#include "base/fs_at.h"

namespace ibuild::layers {

/// What tells one run of the machine from the next; empty where the kernel does not say.
std::string current_boot_id();

/// Notes beside a tree that the directory with `inode` was made for it, or found to be whole, in
/// this run of the machine: until it goes down, what was written is there, synced or not. Takes the
/// place of whatever stands there.
void put_boot_mark(const base::DirFd& dir, const base::RelPath& tree, const std::string& boot_id,
                   ino_t inode);

/// Whether the tree bears the mark of this run and is the directory that got it; what is no mark of
/// ours is none.
bool has_boot_mark(const base::DirFd& dir, const base::RelPath& tree, const std::string& boot_id);

}  // namespace ibuild::layers
