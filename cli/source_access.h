#pragma once

#include <memory>
#include <optional>

#include "builder/context/context_spec.h"
#include "builder/git/git_source.h"
#include "builder/image_source.h"
#include "builder/locked_sources.h"
#include "builder/remote/http_remote_files.h"
#include "builder/secret_lookup.h"
#include "builder/ssh_agent_lookup.h"
#include "cli/options_registry.h"
#include "layers/store.h"
#include "registry/http_fetcher.h"

namespace ibuild::cli {

/// Where a build's files by URL and its git repositories come from.
class SourceAccess {
 public:
  struct Options {
    const RegistryFlags& registry;  // proxies and certificate authorities count here as well
    builder::SecretLookup secrets = {};
    builder::SshAgentLookup ssh_agents = {};
    registry::WarningSink warn = {};      // for any thread
    builder::SourceLock* lock = nullptr;  // outlives this; null: the newest versions count
  };
  /// `store` outlives this. Asks nobody yet.
  SourceAccess(const layers::Store& store, const Options& options);

  builder::RemoteFiles& files() {
    if (locked_files_) return *locked_files_;
    return files_;
  }
  builder::GitSource& git() { return git_; }
  static std::unique_ptr<builder::ImageSource> open_layout(const builder::LayoutContext& layout);

 private:
  registry::HttpFetcher fetcher_;
  remote::HttpRemoteFiles files_;
  std::optional<builder::LockedRemoteFiles> locked_files_;
  builder::GitSource git_;
};

}  // namespace ibuild::cli
