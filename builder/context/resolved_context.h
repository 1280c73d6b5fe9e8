#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "base/stream.h"
#include "builder/context/context_spec.h"
#include "builder/git/git_checkout.h"
#include "builder/git/git_source.h"
#include "builder/remote_files.h"
#include "builder/tree/file_owners.h"
#include "layers/store.h"

namespace ibuild::builder {

/// A build context on this machine. What was made for it goes with it.
struct ResolvedContext {
  std::optional<base::TempDir> unpacked = {};
  std::optional<GitCheckout> checkout = {};

  std::string directory = {};  // host path; empty: a context without files
  /// Where the context brings no files but its Dockerfile: the text.
  std::optional<std::string> dockerfile = {};
  /// Only what the user has on this machine is filtered by .dockerignore; what comes from elsewhere
  /// is taken whole, as BuildKit does.
  enum class IgnoreFiles { apply, none };
  IgnoreFiles ignore_files = IgnoreFiles::none;
  /// What SOURCE_DATE_EPOCH=context means: the commit's time, that of the URL's file, or of the
  /// newest file in the tar. None: the files are of this machine.
  std::optional<base::TimePoint> time = {};
  /// Of what was unpacked here. All else is root's.
  FileOwners owners = {};
};

/// What contexts are made with. References outlive the call.
struct ContextServices {
  const layers::Store& store;
  RemoteFiles& files;
  GitSource& git;
  base::ByteSource* standard_input = nullptr;  // may be null when no spec is StdinContext
  std::function<void(const std::string&)> warn;
  std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)> observer = {};
};

/// A directory of this machine, as it is.
ResolvedContext local_context(const DirectoryContext& context);

/// Brings a context to this machine. Blocks.
/// Requires: the spec is no image and no layout. Throws: base::Error and what is derived from it.
ResolvedContext resolve_context(const ContextSpec& spec, const ContextServices& services,
                                std::stop_token stop);

/// A Dockerfile above this size is refused.
inline constexpr std::uint64_t kMaxRemoteDockerfileBytes = 64 << 20;

/// The text of a Dockerfile by URL (`-f URL`).
std::string fetch_dockerfile(const std::string& url, RemoteFiles& files, std::stop_token stop);

}  // namespace ibuild::builder
