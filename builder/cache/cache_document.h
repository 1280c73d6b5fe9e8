#pragma once

#include <string>

#include "builder/cache/cache_bundle.h"
#include "image/manifest.h"

namespace ibuild::builder {

/// What may be read of a manifest's config before the rest is known: a cache's index, or the config
/// of an image that may bear one. Throws: base::ContentError for another kind, or a larger one than
/// is allowed.
void check_may_hold_cache(const image::Manifest& manifest);

/// The cache in a manifest with its config: of the cache's own kind, or inline in an image. None
/// when the image bears none. Throws: base::ContentError.
std::optional<CacheBundle> read_cache_document(const image::Manifest& manifest,
                                               const std::string& config_json);

}  // namespace ibuild::builder
