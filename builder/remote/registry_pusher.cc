#include "builder/remote/registry_pusher.h"

#include <algorithm>
#include <utility>

#include "builder/remote/image_uploader.h"
#include "registry/registry_error.h"

namespace ibuild::remote {

namespace {

std::vector<UploadBlob> blobs_of(const builder::BuiltImage& image) {
  std::vector<UploadBlob> blobs;
  for (const auto& layer : image.layers) {
    if (layer.blob) blobs.push_back({.descriptor = *layer.blob, .provider = layer.provider});
  }
  blobs.push_back({.descriptor = image.config, .provider = {}});
  return blobs;
}

}  // namespace

/// Whether the registry has this very manifest under the name; what a manifest names, the registry
/// has as well. Asked only when this image was pushed there before: else the question is in vain.
bool RegistryPusher::stands_already(const image::Reference& reference,
                                    const builder::BuiltImage& image, std::stop_token stop) const {
  const auto known = loader_.origins().find(image.config.digest);
  const auto is_there = [&](const image::Reference& origin) {
    return origin.name() == reference.name();
  };
  if (std::ranges::none_of(known, is_there)) return false;
  try {
    const auto top = loader_.registry().client().resolve_for_push(reference, std::move(stop));
    return top && top->digest == image.manifest.digest;
  } catch (const registry::RegistryError&) {
    return false;  // what is wrong, the push will tell
  }
}

void RegistryPusher::push(const builder::BuiltImage& image,
                          const std::vector<image::Reference>& names, builder::VertexId vertex,
                          builder::EventSink& events, std::stop_token stop) {
  // The uploader reads blobs from the store; the config may not be there when the store is no
  // output.
  loader_.store().content().put(image.config_json);
  ImageUploader uploader(loader_, vertex, events, stop);
  const auto blobs = blobs_of(image);
  std::vector<std::string> served;
  for (const auto& name : names) {
    const auto reference = image::with_default_tag(name);
    if (stands_already(reference, image, stop)) {
      uploader.note("nothing to push: " + reference.str() + " is this image already");
      continue;
    }
    if (std::ranges::find(served, reference.name()) == served.end()) {
      uploader.push_blobs(reference, blobs);
      served.push_back(reference.name());
    }
    uploader.push_manifest(reference, image.manifest, image.manifest_json);
  }
}

}  // namespace ibuild::remote
