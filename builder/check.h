#pragma once

#include <stop_token>

#include "builder/build.h"
#include "parser/lint.h"

namespace ibuild::builder {

/// BuildKit's checks on what `request` would build; without a target on all stages. Bases are
/// looked up. What is wrong in the file is in the report; what image sources throw is thrown.
parser::LintReport check_build(const BuildRequest& request, const Services& services,
                               std::stop_token stop);

/// The checks that need nothing but the text. Blocks: never.
parser::LintReport check_text(const BuildRequest& request);

}  // namespace ibuild::builder
