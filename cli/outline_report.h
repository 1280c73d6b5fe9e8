#pragma once

#include <string>

#include "builder/outline.h"
#include "parser/instruction.h"

namespace ibuild::cli {

/// What a target can be given, as a table for people.
std::string outline_text(const builder::Outline& outline);
/// The same in the form of BuildKit's subrequest frontend.outline. `source`: the Dockerfile.
std::string outline_json(const builder::Outline& outline, const std::string& source);

/// The stages of a file, as a table for people.
std::string targets_text(const parser::StageList& stages);
/// The same in the form of BuildKit's subrequest frontend.targets.
std::string targets_json(const parser::StageList& stages, const std::string& source);

/// The subrequests there are, in the form of BuildKit's frontend.subrequests.describe.
std::string describe_text();
std::string describe_json();

}  // namespace ibuild::cli
