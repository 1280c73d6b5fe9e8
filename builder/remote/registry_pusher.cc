#include "builder/remote/registry_pusher.h"

#include <algorithm>
#include <utility>

#include "builder/remote/image_uploader.h"

namespace ibuild::remote {

namespace {

std::vector<UploadBlob> blobs_of(const builder::BuiltImages& built) {
  std::vector<UploadBlob> blobs;
  for (const auto& image : built.images) {
    for (const auto& layer : image.layers) {
      if (layer.blob) blobs.push_back({.descriptor = *layer.blob, .provider = layer.provider});
    }
    blobs.push_back({.descriptor = image.config, .provider = {}});
  }
  for (const auto& said : built.attestations) {
    for (const auto& blob : said.blobs)
      blobs.push_back({.descriptor = blob.descriptor, .provider = {}});
  }
  return blobs;
}

/// The manifests that the index names, which have to be there before it.
void push_children(ImageUploader& uploader, image::Reference reference,
                   const builder::BuiltImages& built) {
  reference.tag.clear();
  for (const auto& image : built.images) {
    reference.digest = image.manifest.digest;
    uploader.push_manifest(reference, image.manifest, image.manifest_json);
  }
  for (const auto& said : built.attestations) {
    reference.digest = said.manifest.descriptor.digest;
    uploader.push_manifest(reference, said.manifest.descriptor, said.manifest.bytes);
  }
}

}  // namespace

/// Else the question whether it stands there is in vain.
bool RegistryPusher::was_pushed_before(const image::Reference& reference,
                                       const builder::BuiltImages& built) const {
  const auto is_there = [&](const image::Reference& origin) {
    return origin.name() == reference.name();
  };
  return std::ranges::all_of(built.images, [&](const auto& image) {
    return std::ranges::any_of(loader_.origins().find(image.config.digest), is_there);
  });
}

void RegistryPusher::begin_push(const image::Descriptor& blob,
                                const std::vector<image::Reference>& names) {
  for (const auto& name : names) early_.begin(blob, name);
}

void RegistryPusher::push(const builder::BuiltImages& built,
                          const std::vector<image::Reference>& names, builder::VertexId vertex,
                          builder::EventSink& events, std::stop_token stop) {
  // The uploader reads blobs from the store; the config may not be there when the store is no
  // output.
  for (const auto& image : built.images) loader_.store().content().put(image.config_json);
  for (const auto& said : built.attestations) {
    for (const auto& blob : said.blobs) loader_.store().content().put(blob.bytes);
  }
  ImageUploader uploader(loader_, vertex, events, stop);
  uploader.take_over(early_);
  const bool is_index = !built.index_json.empty();
  const auto blobs = blobs_of(built);
  const auto& top_json = is_index ? built.index_json : built.images.at(0).manifest_json;
  std::vector<std::string> served;
  for (const auto& name : names) {
    const auto reference = image::with_default_tag(name);
    if (was_pushed_before(reference, built) && uploader.stands_already(reference, built.top))
      continue;
    if (std::ranges::find(served, reference.name()) == served.end()) {
      uploader.push_blobs(reference, blobs);
      if (is_index) push_children(uploader, reference, built);
      served.push_back(reference.name());
    }
    uploader.push_manifest(reference, built.top, top_json);
  }
}

}  // namespace ibuild::remote
