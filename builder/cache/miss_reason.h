#pragma once

#include <string>

#include "builder/cache_key.h"

namespace ibuild::builder {

/// What is different between the key a step has now and the one it had before, in words:
/// "src/app.py changed", "VERSION 1 -> 2", "the step before it changed". The first difference
/// counts, files by name.
std::string miss_reason(const StepKey& before, const StepKey& now);

}  // namespace ibuild::builder
