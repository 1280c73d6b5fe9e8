#pragma once

#include <istream>
#include <optional>
#include <string>

namespace ibuild::cli {

/// Where a build's description comes from: what the user wrote on the command line.
struct DockerfileQuery {
  std::string file;     // --file; empty: look in the context; "-": standard input
  std::string context;  // the directory
};

struct DockerfileInput {
  std::string name;  // shown in messages
  std::string text;
  std::optional<std::string> ignore_file;  // the text of the one that applies
};

/// Reads the Dockerfile (in the context: Dockerfile, else dockerfile) and its ignore file:
/// <Dockerfile>.dockerignore beside it, else .dockerignore of the context. Throws: UsageError for
/// forms not supported, Error when there is no Dockerfile, SystemError.
DockerfileInput read_dockerfile(const DockerfileQuery& query, std::istream& in);

/// Throws: UsageError unless `context` is a directory; what is not supported is named.
void check_context(const std::string& context);

/// A larger Dockerfile or ignore file is refused.
inline constexpr std::uint64_t kMaxDockerfileBytes = 64 << 20;

}  // namespace ibuild::cli
