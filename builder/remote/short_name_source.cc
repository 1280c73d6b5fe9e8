#include "builder/remote/short_name_source.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "image/short_name.h"

namespace ibuild::remote {

using builder::BaseImage;
using builder::PullPolicy;

namespace {

constexpr const char* kInStore = "in the store";

/// An image that the store may have.
struct Stored {
  image::Reference reference;
  std::string reason;
  /// Only when it was not read from the registry of that name.
  bool made_here_only = false;
};

/// What is pinned by its digest has its content by whatever name, and so no use for names of this
/// machine.
std::vector<Stored> stored_candidates(const image::Reference& name,
                                      const registry::ShortNames& names) {
  const auto known = names.known(name);
  std::vector<Stored> aliased, searched;
  for (const auto& candidate : known.names) {
    if (known.is_alias) {
      aliased.push_back({candidate, known.reason});
    } else {
      searched.push_back({candidate, kInStore});
    }
  }
  auto candidates = std::move(aliased);
  if (!name.digest) {
    candidates.push_back({image::at_registry(name, "localhost"), kInStore});
    candidates.push_back({image::at_registry(name, "docker.io"), kInStore, true});
  }
  candidates.insert(candidates.end(), searched.begin(), searched.end());
  return candidates;
}

}  // namespace

/// Reading an image from a registry notes where its layers are. The uppermost is that of the image
/// itself, if it has one.
bool ShortNameSource::was_pulled(const BaseImage& image) const {
  if (image.layers.empty() || !image.layers.back().blob) return false;
  const auto origins = origins_.find(image.layers.back().blob->digest);
  return std::ranges::any_of(
      origins, [&](const auto& origin) { return origin.name() == image.reference.name(); });
}

std::optional<BaseImage> ShortNameSource::load_from_store(const image::Reference& name,
                                                          const Load& load) {
  for (const auto& candidate : stored_candidates(name, search_.names())) {
    std::optional<BaseImage> image;
    try {
      image = load(candidate.reference);
    } catch (const base::CancelledError&) {
      throw;
    } catch (const base::Error&) {
      continue;  // of another platform, or none that a lock has: a registry may have the right one
    }
    if (!image || (candidate.made_here_only && was_pulled(*image))) continue;
    image->remarks = {resolved_remark(name, candidate.reference, candidate.reason)};
    return image;
  }
  return std::nullopt;
}

std::optional<BaseImage> ShortNameSource::try_load(const image::Reference& reference,
                                                   const image::Platform& platform,
                                                   PullPolicy policy, std::stop_token stop) {
  if (!image::is_short_name(reference))
    return inner_.try_load(reference, platform, policy, std::move(stop));
  const auto name = image::with_default_tag(reference);
  if (policy == PullPolicy::missing || policy == PullPolicy::never) {
    auto image = load_from_store(name, [&](const image::Reference& candidate) {
      return inner_.try_load(candidate, platform, PullPolicy::never, stop);
    });
    if (image || policy == PullPolicy::never) return image;
  }
  std::optional<BaseImage> image;
  auto found = search_.in_registries(name, [&](const image::Reference& candidate) {
    image = inner_.try_load(candidate, platform, policy, stop);
    return image.has_value();
  });
  image->remarks = std::move(found.remarks);
  return image;
}

}  // namespace ibuild::remote
