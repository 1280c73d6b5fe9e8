#include "builder/remote/registry_pusher.h"

#include <algorithm>
#include <utility>

#include "builder/remote/image_uploader.h"

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

void RegistryPusher::push(const builder::BuiltImage& image,
                          const std::vector<image::Reference>& names, builder::VertexId vertex,
                          builder::EventSink& events, std::stop_token stop) {
  // The uploader reads blobs from the store; the config may not be there when the store is no
  // output.
  loader_.store().content().put(image.config_json);
  ImageUploader uploader(loader_, vertex, events, std::move(stop));
  const auto blobs = blobs_of(image);
  std::vector<std::string> served;
  for (const auto& name : names) {
    const auto reference = image::with_default_tag(name);
    if (std::ranges::find(served, reference.name()) == served.end()) {
      uploader.push_blobs(reference, blobs);
      served.push_back(reference.name());
    }
    uploader.push_manifest(reference, image.manifest, image.manifest_json);
  }
}

}  // namespace ibuild::remote
