#pragma once

#include <set>
#include <string>

#include "builder/build.h"

namespace ibuild::builder {

/// The registries ("host" or "host:port", as in names) that outputs and caches of the request name
/// and call insecure (registry.insecure=true). Requires: a request that build() takes; where one of
/// its attributes cannot be read, it is left for build() to tell.
std::set<std::string> insecure_registries(const BuildRequest& request);

}  // namespace ibuild::builder
