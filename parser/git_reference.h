#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ibuild::parser {

/// A place in a git repository, as a build context or as a source of ADD.
struct GitReference {
  std::string remote;  // without fragment and query; for "github.com/…" as written, see fetch_url()
  std::string short_name;  // "bar" of "https://github.com/foo/bar.git"
  std::string ref;         // commit, tag or branch; empty: the default branch
  std::string subdir;      // inside the repository; empty: all of it
  std::string checksum;    // the commit that ref must lead to
  std::optional<bool> keep_git_dir;
  std::optional<bool> submodules;
  std::string mtime;  // "checkout", "commit" or empty
  bool fetch_by_commit = false;
  bool is_unencrypted = false;  // http:// or git://
  bool looks_local =
      false;  // "github.com/…": a path of this name would look the same; contexts only

  /// What git can fetch from.
  std::string fetch_url() const;
  bool operator==(const GitReference&) const = default;
};

/// https://host/repo.git#ref:subdir, git@host:repo#ref, ssh://, git://, and github.com/owner/repo;
/// options may also stand in a query (?ref= tag= branch= subdir= checksum= commit= keep-git-dir=
/// submodules= mtime= fetch-by-commit=). None when the text is no git reference. Throws:
/// base::UsageError when it is one and its options are wrong.
std::optional<GitReference> parse_git_reference(std::string_view text);

}  // namespace ibuild::parser
