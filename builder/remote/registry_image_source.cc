#include "builder/remote/registry_image_source.h"

#include "base/error.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

using builder::BaseImage;
using builder::PullPolicy;

std::optional<BaseImage> RegistryImageSource::load_from_store(const image::Reference& reference,
                                                              const image::Platform& platform,
                                                              PullPolicy policy,
                                                              std::stop_token stop) {
  const auto top = loader_.find_stored(reference);
  if (!top) return std::nullopt;
  std::string damage;
  try {
    if (auto base = loader_.try_load_stored(reference, *top, platform)) return base;
  } catch (const layers::DamagedBlob& error) {
    if (policy == PullPolicy::never) throw;
    damage = error.what();
  }
  // The name is known, but not (all of) this platform's documents.
  if (policy == PullPolicy::never) return std::nullopt;
  try {
    return loader_.load_remote(reference, *top, platform, stop);
  } catch (const base::CancelledError&) {
    throw;
  } catch (base::Error& error) {
    if (!damage.empty()) error.add_context(damage);
    // Nobody but this machine may ever have had it.
    if (error.hint().empty())
      error.set_hint("the store has only a part of this image: build or pull it again");
    throw;
  }
}

std::optional<BaseImage> RegistryImageSource::refresh(const image::Reference& reference,
                                                      const image::Platform& platform,
                                                      std::stop_token stop) {
  const auto top = loader_.refresh_top(reference, stop);
  if (!top) return std::nullopt;
  auto base = loader_.load_remote(reference, *top, platform, stop);
  if (!reference.digest) loader_.store().images().tag(reference, *top);
  return base;
}

std::optional<BaseImage> RegistryImageSource::load_newer(const image::Reference& reference,
                                                         const image::Platform& platform,
                                                         std::stop_token stop) {
  std::optional<BaseImage> base;
  try {
    base = refresh(reference, platform, stop);
  } catch (const registry::RegistryError&) {
    base = load_from_store(reference, platform, PullPolicy::never, stop);
    if (!base) throw;
  }
  return base ? std::move(base) : load_from_store(reference, platform, PullPolicy::never, stop);
}

std::optional<BaseImage> RegistryImageSource::try_load(const image::Reference& asked,
                                                       const image::Platform& platform,
                                                       PullPolicy policy, std::stop_token stop) {
  const auto reference = image::with_default_tag(asked);
  if (policy == PullPolicy::always) return refresh(reference, platform, std::move(stop));
  if (policy == PullPolicy::newer) return load_newer(reference, platform, std::move(stop));
  if (auto base = load_from_store(reference, platform, policy, stop)) return base;
  if (policy == PullPolicy::never) return std::nullopt;
  const auto top = loader_.fetch_top(reference, stop);
  if (!top) return std::nullopt;
  auto base = loader_.load_remote(reference, *top, platform, stop);
  if (!reference.digest) loader_.store().images().tag(reference, *top);
  return base;
}

}  // namespace ibuild::remote
