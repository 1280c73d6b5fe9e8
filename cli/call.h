#pragma once

#include <functional>
#include <stop_token>

#include "builder/build.h"
#include "cli/command.h"
#include "cli/options_check.h"

namespace ibuild::cli {

/// What a call looks images up with; asked for only by calls that do.
using ServicesProvider = std::function<const builder::Services&()>;

/// Answers --call on standard output and gives the exit code: 1 when a check finds something.
/// Requires: `call` is not a build. Throws: what ends the call.
int answer_call(const CallSpec& call, const builder::BuildRequest& request,
                const ServicesProvider& services, CommandContext& context, std::stop_token stop);

}  // namespace ibuild::cli
