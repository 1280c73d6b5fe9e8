#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "builder/build.h"
#include "builder/cache/cache_bundle.h"
#include "builder/export/exporter.h"
#include "image/platform.h"
#include "image/reference.h"
#include "layers/layer.h"

namespace ibuild::builder {

/// A cache that lies elsewhere, for reading: the tag of a repository, an OCI layout. For any
/// thread.
class CacheSource {
 public:
  struct Content {
    CacheBundle bundle;  // checked
    // Shared by all layers out of it, as layers::Layer has it.
    std::shared_ptr<layers::BlobProvider> blobs;
  };

  virtual ~CacheSource() = default;
  /// For messages: "registry.example/app:cache".
  virtual std::string name() const = 0;
  /// Reads the small index, no blob. None when no cache is there. Throws: base::Error for what
  /// cannot be reached or read.
  virtual std::optional<Content> load(const image::Platform& platform, std::stop_token stop) = 0;
};

/// Opens caches that lie in registries: implemented in builder/remote.
class CacheRegistry {
 public:
  virtual ~CacheRegistry() = default;
  virtual std::unique_ptr<CacheSource> open(const image::Reference& reference) = 0;
};

/// The bytes of a layer that a cache promised cannot be had, or are not those. The build goes on
/// without what that cache promises.
class CacheError : public base::Error {
 public:
  using Error::Error;
};

}  // namespace ibuild::builder
