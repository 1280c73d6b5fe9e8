#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "builder/context/context_spec.h"
#include "builder/context/resolved_context.h"
#include "builder/remote_files.h"

namespace ibuild::cli {

/// Where a build's description comes from.
struct DockerfileQuery {
  std::string file;         // --file; empty: look in the context; "-": standard input; a URL
  std::string ignore_file;  // --ignorefile; empty: the one beside the Dockerfile or of the context
  const builder::ContextSpec& spec;         // the context, as it was named
  const builder::ResolvedContext& context;  // and as it was found
};

/// What is read from.
struct DockerfileSources {
  base::ByteSource& standard_input;
  builder::RemoteFiles* files = nullptr;  // null: there are no files by URL
  std::stop_token stop = {};
};

struct DockerfileInput {
  std::string name;  // shown in messages
  std::string text;
  std::optional<std::string> ignore_file;  // the text of the one that applies
  std::string warning;                     // of what does not count; empty: none
};

/// Reads the Dockerfile (in the context: Dockerfile, dockerfile or Containerfile) and its ignore
/// file: --ignorefile, <Dockerfile>.dockerignore, <Dockerfile>.containerignore, .containerignore or
/// .dockerignore of the context. Links in the context are followed inside of it. A path counts from
/// the current directory when the context is a directory of this machine, else from the context's
/// root. Throws: UsageError when the forms do not go together, Error when there is no Dockerfile,
/// what fetching one throws.
DockerfileInput read_dockerfile(const DockerfileQuery& query, const DockerfileSources& sources);

/// The same for a directory of this machine, without the network.
DockerfileInput read_local_dockerfile(const std::string& file, const std::string& directory,
                                      base::ByteSource& standard_input);

/// What can be said of --file before anything is read. Throws: UsageError when it does not go with
/// the context.
void check_dockerfile_option(const std::string& file, const builder::ContextSpec& context);

/// Whether --file names a URL.
bool is_http_url(std::string_view file);

/// A larger Dockerfile is refused.
inline constexpr std::uint64_t kMaxDockerfileBytes = 64 << 20;

}  // namespace ibuild::cli
