#pragma once

#include <stop_token>
#include <string>

#include "builder/remote/manifest_choice.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

/// The same repository's manifest of this digest.
image::Reference by_digest(image::Reference reference, const base::Digest& digest);

/// Reads manifests, indexes and configs of a repository straight from the registry, nothing kept.
/// Requires: `client` and `repository` outlive the reader.
/// The reader throws: RegistryError, ContentError, also for a config that is too large.
DocumentReader read_from_registry(registry::RegistryClient& client,
                                  const image::Reference& repository, std::stop_token stop);

}  // namespace ibuild::remote
