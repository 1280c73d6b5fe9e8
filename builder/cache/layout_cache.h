#pragma once

#include <memory>

#include "builder/cache/cache_options.h"
#include "builder/cache/cache_place.h"

namespace ibuild::builder {

/// A cache in a directory of this machine: an OCI layout, `place.tag` in its index.json.
std::unique_ptr<CacheSource> open_layout_cache(const CachePlace& place);

/// Writes it: blobs that are there stay, other tags too. What is named in index.json is there
/// whole. The layers' blobs are read from `content`. Throws: base::Error.
void write_layout_cache(const CachePlace& place, const BuiltImage& cache,
                        const layers::ContentStore& content);

}  // namespace ibuild::builder
