#pragma once

#include <vector>

#include "builder/gc/cache_item.h"
#include "layers/store.h"

namespace ibuild::builder {

/// Gives layers the instruction that made them for a description, where the store still knows it.
/// Reads what every step was made of: only for those who show it.
void describe_steps(const layers::Store& store, std::vector<CacheItem>& items);

}  // namespace ibuild::builder
