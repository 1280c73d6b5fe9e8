#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "builder/cache/cache_spec.h"
#include "builder/export/layer_blobs.h"
#include "image/reference.h"

namespace ibuild::builder {

/// Where a cache lies.
struct CachePlace {
  enum class Kind { registry, layout, inlined };
  Kind kind = Kind::registry;
  std::optional<image::Reference> reference;  // registry
  std::string directory;                      // layout
  std::string tag = "latest";                 // layout
  std::optional<base::Digest> digest;         // layout, for reading
};

/// --cache-from, understood.
struct CacheFrom {
  CachePlace place;
};

/// --cache-to, understood.
struct CacheTo {
  enum class Mode { min, max };
  CachePlace place;
  Mode mode = Mode::min;
  LayerFormat format;
  bool ignore_error = false;
  std::vector<std::string> mounts;  // ids of cache mounts that go along; "*": all
};

/// Throw: base::UsageError that names the type or the attribute.
CacheFrom read_cache_from(const CacheSpec& spec);
CacheTo read_cache_to(const CacheSpec& spec);

}  // namespace ibuild::builder
