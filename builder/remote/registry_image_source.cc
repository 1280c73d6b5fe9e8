#include "builder/remote/registry_image_source.h"

namespace ibuild::remote {

using builder::BaseImage;
using builder::PullPolicy;

std::optional<BaseImage> RegistryImageSource::load_from_store(const image::Reference& reference,
                                                              const image::Platform& platform,
                                                              PullPolicy policy,
                                                              std::stop_token stop) {
  const auto top = loader_.find_stored(reference);
  if (!top) return std::nullopt;
  if (auto base = loader_.try_load_stored(reference, *top, platform)) return base;
  // The name is known, but not (all of) this platform's documents.
  if (policy == PullPolicy::never) return std::nullopt;
  return loader_.load_remote(reference, *top, platform, stop);
}

std::optional<BaseImage> RegistryImageSource::try_load(const image::Reference& asked,
                                                       const image::Platform& platform,
                                                       PullPolicy policy, std::stop_token stop) {
  const auto reference = image::with_default_tag(asked);
  if (policy != PullPolicy::always) {
    if (auto base = load_from_store(reference, platform, policy, stop)) return base;
    if (policy == PullPolicy::never) return std::nullopt;
  }
  const auto top = policy == PullPolicy::always ? loader_.refresh_top(reference, stop)
                                                : loader_.fetch_top(reference, stop);
  if (!top) return std::nullopt;
  auto base = loader_.load_remote(reference, *top, platform, stop);
  if (!reference.digest) loader_.store().images().tag(reference, *top);
  return base;
}

}  // namespace ibuild::remote
