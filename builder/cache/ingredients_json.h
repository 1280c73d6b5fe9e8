#pragma once

#include <cstdint>

#include "base/stream.h"
#include "builder/cache_key.h"

namespace ibuild::builder {

/// Writes what a key was made of as JSON, piece by piece, as there may be very many files. False
/// when it takes more than `max_bytes`: then not all of it is written. See: IngredientReader,
/// docs/design/builder_cache_format.md.
bool write_ingredients(const StepKey& key, std::uint64_t max_bytes, base::ByteSink& out);

}  // namespace ibuild::builder
