#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "builder/events.h"
#include "builder/vertex_watch.h"
#include "registry/registry_client.h"

namespace ibuild::cli {

/// Does the one thing that a command has to show progress of, as vertex 1. Throws what `work`
/// throws.
void run_task(builder::EventSink& events, const std::string& name,
              const std::function<void(builder::VertexWatch&)>& work);

/// Makes warnings of the registry events, so that they come out with the rest and not in the middle
/// of it.
registry::WarningSink warnings_to(builder::EventSink& events);

/// Prints warnings at once, for commands that show no progress and use one thread.
registry::WarningSink warnings_printed_to(std::ostream& err);

}  // namespace ibuild::cli
