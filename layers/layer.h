#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/digest_sink.h"
#include "image/descriptor.h"

namespace ibuild::layers {

/// Where the bytes of a blob come from when the store does not have them (a registry, an archive).
class BlobProvider {
 public:
  virtual ~BlobProvider() = default;
  /// Streams the whole blob into `out`. The receiver checks digest and size; who wants to know
  /// sooner asks `out`. Blocks; for any thread.
  virtual void fetch(const image::Descriptor& blob, base::DigestSink& out,
                     std::stop_token stop) = 0;
  /// The repository it comes from ("docker.io/library/python"), for cross-repository mounts; empty
  /// when it is no registry.
  virtual std::string repository() const { return {}; }
};

/// A layer by its diff-id, and what is known of its compressed blob. A value; its forms live in the
/// LayerStore.
struct Layer {
  base::Digest diff_id;
  std::optional<image::Descriptor> blob;  // none: never compressed so far
  // Shared: all layers of one base image use one provider, and the values are copied into plans and
  // records.
  std::shared_ptr<BlobProvider> provider;  // null: the store has it in some form
};

/// Lowest layer first.
using LayerChain = std::vector<Layer>;

/// image-spec/config.md "Layer ChainID". Empty digest for an empty chain.
base::Digest chain_id(const LayerChain& chain);

/// The chain with only the uppermost of equal layers. What a layer puts, hides or removes does not
/// depend on what is below, so that a lower twin shows in nothing.
LayerChain without_repeats(const LayerChain& chain);

/// The name of a layer's folder below layers/ of the store: the hex digits of its diff-id.
std::string layer_folder(const base::Digest& diff_id);

}  // namespace ibuild::layers
