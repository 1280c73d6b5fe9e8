#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "builder/git/git_program.h"
#include "builder/secret_lookup.h"
#include "parser/git_reference.h"

namespace ibuild::builder {

/// A repository somewhere else: its URL without credentials, and the settings that git needs to get
/// in.
struct GitRemote {
  std::string url;
  std::vector<GitSetting> settings;
};

/// Takes a user name and password out of an http URL, so that they are seen in no list of
/// processes, and looks for the secrets GIT_AUTH_HEADER.<host>, GIT_AUTH_TOKEN.<host>,
/// GIT_AUTH_HEADER and GIT_AUTH_TOKEN; the first of these counts. They are sent to this repository
/// only (on github.com: to all repositories there, for submodules).
GitRemote make_git_remote(const std::string& fetch_url, const SecretLookup& secrets);

/// Whether a repository is reached through ssh: "ssh://host/path" and "user@host:path".
bool speaks_ssh(std::string_view url);

/// Where a reference leads at the remote.
struct GitCommit {
  std::string ref;     // "refs/heads/main", "refs/tags/v1"; a hash where the reference is one
  std::string object;  // the hash that it names: of a commit, or of an annotated tag
  std::string
      commit;  // the hash of the commit, where that is known to be another one; else `object`
  enum class FetchBy { ref, hash };
  FetchBy fetch_by = FetchBy::ref;
  bool operator==(const GitCommit&) const = default;
};

/// Whether `text` is the whole hash of an object (SHA-1 or SHA-256).
bool is_object_hash(std::string_view text);

/// Throws: base::UsageError for a ref that git would not take for one, or a checksum that is no
/// hash; base::Error when fetch-by-commit lacks its commit.
void check_git_reference(const parser::GitReference& reference);

/// Asks the remote what `reference` means; a whole hash, or fetch-by-commit, is taken as it is. A
/// branch goes before a tag of the same name. Throws: what check_git_reference throws; base::Error
/// when the remote has no such ref, when its hash does not begin with the reference's checksum, and
/// when git fails; base::CancelledError.
GitCommit resolve_git_reference(const GitProgram& git, const GitRemote& remote,
                                const parser::GitReference& reference, std::stop_token stop);

}  // namespace ibuild::builder
