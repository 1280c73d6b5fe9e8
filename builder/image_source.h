#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "image/config.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "image/reference.h"
#include "layers/layer.h"

namespace ibuild::builder {

/// A base image, known by digest; its layers are fetched only when someone needs their bytes.
struct BaseImage {
  image::Reference reference;  // as resolved, with the tag it was asked by
  base::Digest digest;         // of the manifest for the platform
  base::Digest top;  // of what the reference stands for: an index, or that manifest; may be empty
  bool in_layout = false;  // in a layout of this machine, not in a registry
  image::Manifest manifest;
  image::ImageConfig config;
  layers::LayerChain layers;              // diff-ids from the config, blobs from the manifest
  std::vector<std::string> remarks = {};  // how a name without a registry was resolved to this one
};

enum class PullPolicy {
  missing,  // a tag that is in the local store is taken from there (not asked again); else the
            // registry
  always,   // --pull: the registry's word counts
  newer,    // likewise where it has one to say; else what the store has
  never,
};

/// Finds base images. Asked by several threads at once. Implementations: the local store, a
/// registry (builder/remote), fakes.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  /// None when this source does not have the image. Throws for what failed otherwise, and when the
  /// image exists but has no such platform.
  virtual std::optional<BaseImage> try_load(const image::Reference& reference,
                                            const image::Platform& platform, PullPolicy policy,
                                            std::stop_token stop) = 0;
  /// For messages: "local store", "registry".
  virtual std::string name() const = 0;
};

}  // namespace ibuild::builder
