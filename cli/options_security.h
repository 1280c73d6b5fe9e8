#pragma once

#include <string>
#include <vector>

#include "builder/build.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

/// --security-opt: what `docker run` and `podman build` say of rights and labels, as it was
/// written.
struct SecurityOptions {
  std::vector<std::string> options;

  void add_to(OptionParser& parser);
  /// What becomes of an option that ibuild does not have and `docker build` ignores.
  enum class Others { ignored, refused };
  /// Throws: UsageError for what is not known or not supported, SandboxError for a security module
  /// that is not at work here.
  builder::StepSecurity settings(Others others) const;
  /// What the user should know of those that are ignored, a sentence each.
  std::vector<std::string> remarks() const;
};

}  // namespace ibuild::cli
