#pragma once

#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "builder/git/git_mirror.h"
#include "builder/git/git_program.h"
#include "builder/git/git_remote.h"
#include "parser/git_reference.h"

namespace ibuild::builder {

/// The files of a commit in a directory of their own, which is removed with this.
class GitCheckout {
 public:
  /// Takes the commit out of `mirror`, and its submodules from wherever they are unless the
  /// reference says no. With keep_git_dir, and no subdir, .git is there too, with nothing but this
  /// commit in it. `temp` lies on the mirror's file system. Throws: GitMirrorError, base::Error,
  /// base::CancelledError.
  struct Origin {
    const GitMirror& mirror;
    const GitProgram& git;
    const GitRemote& remote;
    const GitCommit& commit;
    const parser::GitReference& reference;
  };
  GitCheckout(const base::DirFd& temp, const Origin& from, std::stop_token stop);

  /// The directory that the reference means.
  const base::DirFd& root() const { return root_; }
  base::TimePoint commit_time() const { return commit_time_; }

 private:
  base::TempDir dir_;
  base::TimePoint commit_time_{};
  base::DirFd root_;
};

}  // namespace ibuild::builder
