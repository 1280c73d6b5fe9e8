#pragma once

#include <span>

#include "builder/cache_key.h"
#include "builder/ops/copy_selection.h"

namespace ibuild::builder {

/// Gives what `why` compares of all that some sources bring: paths with their fingerprints, in walk
/// order. Of files of one path that of the first source counts. Ends when `take` wants no more.
void tell_files(std::span<const SelectedSource* const> sources, const TakeFile& take);

}  // namespace ibuild::builder
