#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "builder/image_source.h"
#include "builder/remote/base_image.h"
#include "builder/remote/blob_origins.h"
#include "builder/remote/lazy_registry.h"
#include "builder/remote/manifest_choice.h"
#include "image/descriptor.h"
#include "image/platform.h"
#include "image/reference.h"
#include "layers/store.h"

namespace ibuild::remote {

/// Reads manifests and configs from the store, and from a registry what the store lacks. What came
/// from the registry is kept in the store, so that nobody has to ask for it again. Layers are
/// described, never fetched. For any thread.
class ImageLoader {
 public:
  /// All references outlive the loader and what it gives.
  ImageLoader(layers::Store& store, LazyRegistry& registry, const BlobOrigins& origins)
      : store_(store), registry_(registry), origins_(origins) {}

  /// What `top` holds for `platform`, from the store alone; none when a document is missing there.
  /// Layers that the store may lack get a provider by what is remembered of them. Throws:
  /// DamagedBlob for a document that was damaged and is missing now.
  std::optional<builder::BaseImage> try_load_stored(const image::Reference& reference,
                                                    const image::Descriptor& top,
                                                    const image::Platform& platform) const;

  /// The same with the registry's help, also for damaged documents; layers come from `reference`'s
  /// repository.
  /// Throws: RegistryError, ContentError, Error when there is no such platform.
  builder::BaseImage load_remote(const image::Reference& reference, const image::Descriptor& top,
                                 const image::Platform& platform, std::stop_token stop) const;

  /// The manifest or index that the registry has under `reference` now, kept in the store; none
  /// when there is no such image.
  std::optional<image::Descriptor> fetch_top(const image::Reference& reference,
                                             std::stop_token stop) const;
  /// Asks by HEAD first and fetches only what the store lacks.
  std::optional<image::Descriptor> refresh_top(const image::Reference& reference,
                                               std::stop_token stop) const;

  /// The manifest or index that the store has under `reference`: by tag, or by digest whether
  /// tagged or not.
  std::optional<image::Descriptor> find_stored(const image::Reference& reference) const;

  /// Reads one document from the store. Throws: DamagedBlob.
  std::optional<std::string> read_stored(const image::Descriptor& document) const;

  layers::Store& store() const { return store_; }
  LazyRegistry& registry() const { return registry_; }
  const BlobOrigins& origins() const { return origins_; }

 private:
  std::string read_remote(const image::Reference& repository, const image::Descriptor& document,
                          std::stop_token stop) const;

  layers::Store& store_;
  LazyRegistry& registry_;
  const BlobOrigins& origins_;
};

}  // namespace ibuild::remote
