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

UploadImage image_of(const builder::BuiltImages& built) {
  UploadImage image{.blobs = blobs_of(built), .documents = {}};
  const bool is_index = !built.index_json.empty();
  for (const auto& one : built.images) {
    if (is_index) image.documents.push_back({one.manifest, one.manifest_json});
  }
  for (const auto& said : built.attestations) {
    if (is_index) image.documents.push_back({said.manifest.descriptor, said.manifest.bytes});
  }
  const auto& top_json = is_index ? built.index_json : built.images.at(0).manifest_json;
  image.documents.push_back({built.top, top_json});
  return image;
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
  const UploadImage whole = image_of(built);
  const UploadImage top{.blobs = {}, .documents = {whole.documents.back()}};
  std::vector<std::string> served;
  for (const auto& name : names) {
    const auto reference = image::with_default_tag(name);
    const bool again = was_pushed_before(reference, built);
    const bool first = std::ranges::find(served, reference.name()) == served.end();
    uploader.push(reference, first ? whole : top,
                  again ? ImageUploader::Documents::ask : ImageUploader::Documents::send);
    served.push_back(reference.name());
  }
}

}  // namespace ibuild::remote
