#pragma once

#include <stop_token>

#include "base/stream.h"
#include "builder/build.h"
#include "builder/context/context_spec.h"
#include "builder/context/resolved_context.h"
#include "builder/events.h"
#include "cli/source_access.h"

namespace ibuild::cli {

/// Brings the build's own context to this machine, and says so: one that takes time. Throws: what
/// resolve_context throws; UsageError when standard input is a terminal.
builder::ResolvedContext load_context(const builder::ContextSpec& spec,
                                      const builder::ContextServices& services,
                                      builder::EventSink& events, std::stop_token stop);

/// Says in a request where its text and files come from. `file` as --file has it.
void take_origin(const builder::ContextSpec& spec, const std::string& file,
                 builder::BuildRequest& request);

/// Makes the context part of the request.
void take_context(const builder::ResolvedContext& context, builder::BuildRequest& request);

}  // namespace ibuild::cli
