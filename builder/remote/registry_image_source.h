#pragma once

#include "builder/image_source.h"
#include "builder/remote/image_loader.h"

namespace ibuild::remote {

/// Base images: those that the store knows by name (unless `always` or `newer`), else those of a
/// registry. A name that was asked at a registry is tagged in the store, so that the next build
/// need not ask. For any thread.
class RegistryImageSource : public builder::ImageSource {
 public:
  /// `loader` outlives the source and the images it gives.
  explicit RegistryImageSource(const ImageLoader& loader) : loader_(loader) {}

  std::optional<builder::BaseImage> try_load(const image::Reference& reference,
                                             const image::Platform& platform,
                                             builder::PullPolicy policy,
                                             std::stop_token stop) override;
  std::string name() const override { return "registry"; }

 private:
  std::optional<builder::BaseImage> load_from_store(const image::Reference& reference,
                                                    const image::Platform& platform,
                                                    builder::PullPolicy policy,
                                                    std::stop_token stop);
  /// What the registry has, asked for anew.
  std::optional<builder::BaseImage> refresh(const image::Reference& reference,
                                            const image::Platform& platform, std::stop_token stop);
  std::optional<builder::BaseImage> load_newer(const image::Reference& reference,
                                               const image::Platform& platform,
                                               std::stop_token stop);

  const ImageLoader& loader_;
};

}  // namespace ibuild::remote
