#pragma once

#include <map>
#include <stop_token>
#include <string>

namespace ibuild::cli {

/// What git tells of the work tree that a build's context lies in, by the names that buildx gives
/// after "vcs:": "revision" (of the commit), "source" (the URL of the branch's remote, else of
/// "origin" or "upstream", without credentials), "localdir:context" and "localdir:dockerfile" (the
/// directories' paths in the work tree). Empty when the context lies in none, git is not installed
/// or refuses (work trees of other users), or BUILDX_GIT_INFO says no; BUILDX_GIT_CHECK_DIRTY marks
/// a revision that has changes. `dockerfile_directory` may be empty: not on this machine.
/// Blocks. Throws: base::CancelledError.
std::map<std::string, std::string> describe_repository(const std::string& context_directory,
                                                       const std::string& dockerfile_directory,
                                                       std::stop_token stop);

/// The labels that BUILDX_GIT_LABELS asks for (else none): org.opencontainers.image.revision and
/// .source, and com.docker.image.source.entrypoint, the path of `dockerfile` in the work tree; it
/// may be empty: not on this machine. As above in all else.
std::map<std::string, std::string> repository_labels(const std::string& context_directory,
                                                     const std::string& dockerfile,
                                                     std::stop_token stop);

}  // namespace ibuild::cli
