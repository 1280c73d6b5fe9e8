#pragma once

#include <cstdint>
#include <optional>

#include "base/stream.h"
#include "builder/cache_key.h"

namespace ibuild::builder {

/// Writes what a key was made of as JSON, piece by piece: as one text or one tree of values, the
/// list of a step that copies very many files is the biggest thing of a build. False when it takes
/// more than `max_bytes`: then not all of it is written.
bool write_ingredients(const StepKey& key, std::uint64_t max_bytes, base::ByteSink& out);

/// What write_ingredients wrote, read piece by piece; none when it is something else. Throws: what
/// the source throws.
std::optional<StepKey> read_ingredients(base::ByteSource& source);

}  // namespace ibuild::builder
