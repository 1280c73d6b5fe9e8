#pragma once

#include <string_view>

#include "image/reference.h"

namespace ibuild::image {

/// Which registry a name without a host ("python:3.7", "team/app") means.
enum class ShortNameRule {
  docker,      // Docker Hub, on every machine
  containers,  // what this machine's registries.conf says, as podman reads it
};

/// As parse_reference(text); but a name without a host stays one by the rule of containers: it has
/// no domain, and its path is as it was written.
Reference parse_reference(std::string_view text, ShortNameRule rule);

/// Whether it still has to be found out which registry is meant.
inline bool is_short_name(const Reference& reference) { return reference.domain.empty(); }

/// The image of that name in the registry `host` (host[:port]); in Docker Hub ("docker.io") a lone
/// word is below library/. Throws: base::UsageError when no name begins with such a host.
Reference at_registry(const Reference& short_name, std::string_view host);

}  // namespace ibuild::image
