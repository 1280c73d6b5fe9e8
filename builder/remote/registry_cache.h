#pragma once

#include "builder/cache/cache_place.h"
#include "builder/remote/image_loader.h"

namespace ibuild::remote {

/// Caches in registries: under a tag of their own, or inline in the config of an image. Reading one
/// takes its manifest and its index; blobs are fetched when a step needs them. For any thread.
class RegistryCaches : public builder::CacheRegistry {
 public:
  /// `registry` outlives this and what it opens.
  explicit RegistryCaches(LazyRegistry& registry) : registry_(registry) {}
  std::unique_ptr<builder::CacheSource> open(const image::Reference& reference) override;

 private:
  LazyRegistry& registry_;
};

}  // namespace ibuild::remote
