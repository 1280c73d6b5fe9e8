#pragma once

#include <stop_token>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "builder/git/git_program.h"
#include "builder/git/git_remote.h"

namespace ibuild::builder {

/// A mirror does not hold what it promised.
class GitMirrorError : public base::Error {
 public:
  using Error::Error;
};

/// What has been fetched of one remote so far: a bare repository in the store's cache, as shallow
/// as the remote allows. What was fetched once stays. As long as a mirror lives no other touches
/// the same repository, in this process or another.
class GitMirror {
 public:
  /// `cache` is the store's folder for repositories, `temp` lies on the same file system. Waits for
  /// whoever has the repository now. Throws: base::CancelledError, base::SystemError.
  GitMirror(const base::DirFd& cache, const base::DirFd& temp, const std::string& url,
            std::stop_token stop);

  /// Sees to it that `commit` is here with all its files; asks the remote only when it is not.
  /// Throws: base::Error when the remote does not give it (any more); base::CancelledError.
  void fetch(const GitProgram& git, const GitRemote& remote, const GitCommit& commit,
             std::stop_token stop);
  /// Whether the repository was made by the last fetch(): what is wrong with it then came from the
  /// remote.
  bool is_new() const { return is_new_; }
  /// Throws the repository away: it is damaged.
  void discard();

  /// Host path of the bare repository. Requires: fetch() has succeeded.
  const std::string& path() const { return path_; }
  /// The name under which the repository keeps what was fetched for `object`.
  static std::string pin(const std::string& object) { return "refs/ibuild/" + object; }

 private:
  struct Fetch;
  void open(const GitProgram& git, std::size_t hash_size, std::stop_token stop);
  std::vector<std::string> command(std::vector<std::string> words) const;

  base::DirFd folder_;
  const base::DirFd& temp_;
  base::LockFile lock_;
  std::string name_;
  std::string path_;
  bool is_new_ = false;
};

}  // namespace ibuild::builder
