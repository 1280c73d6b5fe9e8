#pragma once

#include <memory>
#include <vector>

#include "builder/remote/blob_origins.h"
#include "builder/remote/lazy_registry.h"
#include "image/reference.h"
#include "layers/layer.h"

namespace ibuild::remote {

/// Fetches blobs out of the first of several repositories that has them.
class RegistryBlobProvider : public layers::BlobProvider {
 public:
  /// Requires: `repositories` is not empty; `registry` outlives this.
  RegistryBlobProvider(LazyRegistry& registry, std::vector<image::Reference> repositories);

  void fetch(const image::Descriptor& blob, base::DigestSink& out, std::stop_token stop) override;
  std::string repository() const override { return repositories_.front().name(); }

 private:
  LazyRegistry& registry_;
  std::vector<image::Reference> repositories_;
};

/// A provider for a blob by what is remembered of it; null when nothing is.
std::shared_ptr<layers::BlobProvider> make_provider(LazyRegistry& registry,
                                                    const BlobOrigins& origins,
                                                    const base::Digest& blob);

}  // namespace ibuild::remote
