#pragma once

#include <sys/stat.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fs_at.h"
#include "base/thread_pool.h"
#include "builder/tree/file_digest_cache.h"
#include "builder/tree/file_owners.h"
#include "builder/tree/source_tree.h"
#include "parser/ignore_matcher.h"

namespace ibuild::builder {

/// The build context: a directory of the host less what the ignore file names. Read lazily: a
/// directory that nobody asks for is never opened, an ignored one neither unless something in it is
/// re-included. All that `owners` does not name belongs to root; a socket is an empty file. A file
/// that changes between its hashing and its copying is an error.
class ContextTree : public SourceTree {
 public:
  struct Parts {
    FileDigestCache& digests;
    base::ThreadPool& pool;
    base::Clock clock = {};  // of the machine, not that of the image
    std::string shown_as = "the build context";
    const FileOwners* owners = nullptr;  // outlives the tree; null: everything is root's
  };
  ContextTree(base::DirFd root, parser::IgnoreMatcher ignore, const Parts& parts);

  std::optional<SourceFile> lookup(const base::RelPath& path) const override;
  std::vector<SourceFile> children(const base::RelPath& directory) const override;
  Listing list_soon(const base::RelPath& directory) const override;
  void digest_files(std::span<SourceFile*> files, std::stop_token stop) const override;
  std::unique_ptr<base::ByteSource> open(const SourceFile& file) const override;
  std::string shown_as() const override { return shown_as_; }

  /// Whether the ignore file leaves out `path`, which is there on the host. For messages.
  bool hides(const base::RelPath& path) const;

 private:
  using Verdict = parser::IgnoreMatcher::Verdict;
  /// What the ignore file says of a directory and what it hands to its children; null: there is no
  /// ignore file.
  const Verdict* verdict_of(const base::RelPath& directory) const;
  bool is_visible(const base::RelPath& path, const struct stat& status,
                  const Verdict* parent) const;
  bool has_visible_child(const base::RelPath& directory) const;
  /// `name` is the entry's name below `dir`. None for what is of no known type.
  std::optional<SourceFile> make_file(const base::DirFd& dir, const base::RelPath& name,
                                      const base::RelPath& path, const struct stat& status) const;
  /// Hashes the file; what changed since it was looked up is brought up to date.
  void read_facts(SourceFile& file, std::stop_token stop) const;

  base::DirFd root_;
  parser::IgnoreMatcher ignore_;
  FileDigestCache& digests_;
  base::ThreadPool& pool_;
  base::Clock clock_;
  std::string shown_as_;
  const FileOwners* owners_;
  mutable std::mutex mutex_;
  mutable std::map<base::RelPath, std::unique_ptr<Verdict>> verdicts_;
};

}  // namespace ibuild::builder
