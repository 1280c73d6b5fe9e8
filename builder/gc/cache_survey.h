#pragma once

#include <vector>

#include "builder/gc/cache_item.h"
#include "layers/garbage.h"
#include "layers/store.h"

namespace ibuild::builder {

/// All that the store keeps besides images, with sizes on disk, and what images need. Reads every
/// step record; sizes of layers are remembered in cache/gc/sizes. Whoever runs at the same time may
/// add to it. Throws: base::Error when an image cannot be read: nobody could tell what it needs.
struct CacheSurvey {
  std::vector<CacheItem> items;
  layers::ImageNeeds needs;
  std::uint64_t total_bytes() const;
};
CacheSurvey survey_cache(layers::Store& store);

/// Removes items. Those that an image needs stay.
/// Requires: `alone` is the store's lock for the one who removes.
void remove_items(const layers::Store& store, const base::LockFile& alone,
                  const layers::ImageNeeds& needs, const std::vector<CacheItem>& items);

}  // namespace ibuild::builder
