#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "base/synchronized.h"
#include "builder/git/git_checkout.h"
#include "builder/git/git_program.h"
#include "builder/git/git_remote.h"
#include "builder/secret_lookup.h"
#include "builder/source_lock.h"
#include "builder/ssh_agent_lookup.h"
#include "layers/store.h"
#include "parser/git_reference.h"

namespace ibuild::builder {

/// Files out of git repositories, for ADD and as build contexts. What was fetched once is kept in
/// the store's cache. One for each build. Thread: any.
class GitSource {
 public:
  struct Options {
    SecretLookup secrets = {};       // see make_git_remote
    SshAgentLookup ssh_agents = {};  // the default one is used, when a remote speaks ssh
    GitSsh ssh = {};
    SourceLock* lock = nullptr;             // outlives this; null: refs lead where the remote says
    std::vector<GitSetting> settings = {};  // beside the fixed ones: tests allow file:// with them
  };
  /// `store` outlives this and every checkout.
  GitSource(const layers::Store& store, Options options)
      : store_(store), options_(std::move(options)) {}

  /// Where the reference leads now; asked once in a build. Needs the remote unless the reference is
  /// a hash. Throws: base::UsageError, base::ContentError, base::Error, base::CancelledError; see
  /// resolve_git_reference.
  GitCommit resolve(const parser::GitReference& reference, std::stop_token stop);
  /// The files of `commit`, which resolve() gave for this reference.
  GitCheckout check_out(const parser::GitReference& reference, const GitCommit& commit,
                        std::stop_token stop);

 private:
  GitCommit ask(const GitRemote& remote, const parser::GitReference& reference,
                std::stop_token stop) const;
  /// The program with what the remote needs.
  GitProgram program_for(const GitRemote& remote) const;

  const layers::Store& store_;
  const Options options_;
  base::Synchronized<std::map<std::string, GitCommit>> resolved_;  // by remote and ref
};

/// What a cache key takes from a checkout: the commit, and what of the reference shows in the
/// files.
std::string git_content_name(const parser::GitReference& reference, const GitCommit& commit);

}  // namespace ibuild::builder
