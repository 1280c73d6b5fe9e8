#pragma once

#include <map>
#include <ostream>
#include <string>

#include "builder/build.h"
#include "parser/lint.h"

namespace ibuild::cli {

/// Prints the steps that a Dockerfile is planned to and the history of its image, for amd64; every
/// base is taken for an image without layers and settings, so that nothing is fetched. Of a RUN's
/// environment it tells what changed since the RUN below it. Throws: parser::DockerfileError,
/// base::Error.
void dump_plan(const std::string& dockerfile, const std::map<std::string, std::string>& build_args,
               std::ostream& out);

/// BuildKit's checks on all stages, with images that have nothing in them; of a file that a build
/// refuses, as far as they come until then, and why. Throws: base::UsageError.
parser::LintReport lint_as_built(const builder::BuildRequest& request);

}  // namespace ibuild::cli
