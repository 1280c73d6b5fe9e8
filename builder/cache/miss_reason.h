#pragma once

#include <string>

#include "builder/cache_key.h"

namespace ibuild::builder {

/// What is different between the key a step has now and the one it had before, in words:
/// "src/app.py changed", "build-arg VERSION 1 → 2", "base … moved from sha256:… to sha256:…". The
/// first difference counts, files by name. Besides the ingredients it reads these details: "file P"
/// of files behind a digest, "arg N" for variables that are build arguments, "step" and "parent
/// step" (instructions), "base" (reference@digest of the image that all stands on).
std::string miss_reason(const StepKey& before, const StepKey& now);

}  // namespace ibuild::builder
