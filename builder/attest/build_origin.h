#pragma once

#include <map>
#include <optional>
#include <string>

#include "builder/context/context_spec.h"

namespace ibuild::builder {

/// Where the text and the files of a build come from, as far as others could find them.
struct BuildOrigin {
  std::optional<ContextSpec> context = {};  // none: what lies on this machine
  std::string dockerfile_url = {};          // empty: not fetched by a URL of its own
  /// It is a file of this machine, also where the context is none.
  bool local_dockerfile = true;
  std::string dockerfile_path = "Dockerfile";  // in the context, or the name alone
  /// What version control says of a context of this machine, by the names of BuildKit's
  /// metadata.vcs: "revision", "source", …. Without credentials.
  std::map<std::string, std::string> vcs = {};
};

}  // namespace ibuild::builder
