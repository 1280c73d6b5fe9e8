#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/build.h"
#include "builder/cache/imported_caches.h"
#include "layers/layer.h"

namespace ibuild::builder {

/// Contents of cache mounts as layers, by the mounts' names (CacheMount): what goes along with a
/// cache. Equal contents are one layer, whoever packs them.
using MountPacks = std::map<std::string, layers::LayerChain>;

/// Packs the cache mounts of these ids, as Dockerfiles have them; "*": all. Of what `imported` has
/// and the store has not, the packs are handed on as they are. Waits until no step uses a mount. A
/// mount that is not there, or is empty, is left out; one that is nowhere is warned of.
/// Throws: base::Error, CancelledError.
MountPacks pack_mounts(const std::vector<std::string>& ids, const Services& services,
                       ImportedCaches& imported, std::stop_token stop);

/// The layers that packs of another cache are.
layers::LayerChain chain_of(const ImportedCaches::MountHit& hit);

}  // namespace ibuild::builder
