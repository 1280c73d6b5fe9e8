#pragma once

#include <optional>

#include "base/clock.h"
#include "base/fs_at.h"

namespace ibuild::builder {

/// How a tree that git wrote is to be left.
struct TreeRules {
  enum class GitFiles { kept, removed };
  GitFiles git_files = GitFiles::removed;     // what is called ".git", anywhere
  std::optional<base::TimePoint> mtime = {};  // of everything
};

/// Gives `root` and all below it the permissions that git gives under a umask of 022, whatever ours
/// is: 0755 for directories and executable files, 0644 for other files, and times and .git files as
/// the rules say. Follows no links. Throws: base::SystemError.
void settle_tree(const base::DirFd& root, const TreeRules& rules);

}  // namespace ibuild::builder
