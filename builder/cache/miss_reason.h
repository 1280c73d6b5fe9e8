#pragma once

#include <optional>
#include <string>

#include "builder/cache/ingredient_reader.h"
#include "builder/cache_key.h"

namespace ibuild::builder {

/// What is different between the key a step has now and the one it had before, in words:
/// "src/app.py changed", "build-arg VERSION 1 → 2", "base … moved from sha256:… to sha256:…". The
/// first difference counts, files by name. Besides the ingredients it reads the files behind a
/// digest and these details: "arg N" for variables that are build arguments, "step" and "parent
/// step" (instructions), "base" (reference@digest of the image that all stands on). None when
/// `before` turns out to be damaged. Requires: no file of `before` was taken. Throws: what the
/// source of `before` throws.
std::optional<std::string> miss_reason(IngredientReader& before, const StepKey& now);

}  // namespace ibuild::builder
