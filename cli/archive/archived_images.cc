#include "cli/archive/archived_images.h"

#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/text.h"
#include "builder/remote/image_loader.h"
#include "image/config.h"
#include "image/docker_archive.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "layers/compression.h"

namespace ibuild::cli {

namespace {

using image::media_type::LayerCompression;

/// A name as archives write it. A bare word is taken for a tag without a repository, as the
/// image-spec suggests, and names nothing here.
std::optional<image::Reference> parse_name(const std::string& text) {
  if (text.find_first_of("/:") == std::string::npos) return std::nullopt;
  try {
    return image::with_default_tag(image::parse_reference(text));
  } catch (const base::UsageError&) {
    return std::nullopt;
  }
}

std::vector<image::Reference> names_in(const image::Annotations& annotations) {
  for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
    const auto found = annotations.find(key);
    if (found == annotations.end()) continue;
    if (auto name = parse_name(found->second)) return {*std::move(name)};
  }
  return {};
}

/// Checks that an image is whole. Foreign layers need not be there.
class CompletenessCheck {
 public:
  explicit CompletenessCheck(const layers::ContentStore& content) : content_(content) {}

  void check(const image::Descriptor& document, int depth = 0) const {
    if (depth > remote::kMaxIndexDepth)
      throw base::ContentError("image indexes are nested too deep");
    demand(document);
    const auto parsed =
        image::parse_manifest_or_index(content_.read(document.digest), document.media_type);
    if (const auto* index = std::get_if<image::Index>(&parsed)) {
      for (const auto& entry : index->manifests) check(entry, depth + 1);
      return;
    }
    const auto& manifest = std::get<image::Manifest>(parsed);
    demand(manifest.config);
    for (const auto& layer : manifest.layers) {
      if (layer.urls.empty()) demand(layer);
    }
  }

 private:
  void demand(const image::Descriptor& blob) const {
    const auto size = content_.try_size(blob.digest);
    if (!size) throw base::ContentError("the archive lacks the blob " + blob.digest.str());
    if (*size != blob.size_bytes) {
      throw base::ContentError("size of blob " + blob.digest.str(), std::to_string(blob.size_bytes),
                               std::to_string(*size));
    }
  }

  const layers::ContentStore& content_;
};

const ArchiveContents::Blob& find_blob(const ArchiveContents& contents, const std::string& path) {
  const auto found = contents.blobs.find(base::RelPath::clean(path).str());
  if (found == contents.blobs.end()) {
    throw base::ContentError("manifest.json names " + base::printable(path) +
                             ", which is not in the archive");
  }
  return found->second;
}

LayerCompression compression_of(const layers::ContentStore& content, const base::Digest& blob) {
  std::array<std::byte, 16> head{};
  const auto fd = content.open(blob);
  base::FdSource source(fd.get());
  return layers::detect_compression(std::span(head).first(source.read(head)));
}

/// One entry of manifest.json.
class DockerImage {
 public:
  DockerImage(const ArchiveContents& contents, const layers::Store& store,
              const image::DockerArchiveImage& entry)
      : contents_(contents), store_(store), entry_(entry) {}

  ArchivedImage make() const {
    const auto& config_blob = find_blob(contents_, entry_.config);
    const auto config_json = store_.content().read(config_blob.digest, remote::kMaxConfigBytes);
    const auto config = image::parse_image_config(config_json);
    const auto& layer_paths = entry_.layers;
    if (layer_paths.size() != config.diff_ids.size()) {
      throw base::ContentError("manifest.json names " + std::to_string(layer_paths.size()) +
                               " layers for " + std::to_string(config.diff_ids.size()) +
                               " diff-ids");
    }
    image::Manifest manifest;
    manifest.media_type = image::media_type::kOciManifest;
    manifest.config.media_type = image::media_type::kOciConfig;
    manifest.config.digest = config_blob.digest;
    manifest.config.size_bytes = config_blob.size_bytes;
    ArchivedImage made{.descriptor = {}, .names = names(), .leftovers = {}};
    for (std::size_t i = 0; i < layer_paths.size(); ++i) {
      manifest.layers.push_back(make_layer(layer_paths[i], config.diff_ids[i], made.leftovers));
    }
    made.descriptor = store_manifest(manifest);
    return made;
  }

 private:
  image::Descriptor make_layer(const std::string& path, const base::Digest& diff_id,
                               std::vector<base::Digest>& leftovers) const {
    const auto& blob = find_blob(contents_, path);
    const auto compression = compression_of(store_.content(), blob.digest);
    layers::Layer layer{.diff_id = diff_id, .blob = image::Descriptor{}, .provider = {}};
    layer.blob->media_type = image::media_type::oci_layer_type(compression);
    layer.blob->digest = blob.digest;
    layer.blob->size_bytes = blob.size_bytes;
    if (compression != LayerCompression::none) return *layer.blob;
    if (blob.digest != diff_id) {
      throw base::ContentError("layer " + base::printable(path), diff_id.str(), blob.digest.str());
    }
    leftovers.push_back(blob.digest);
    return store_.layers().ensure_blob(layer, layers::CompressionOptions{}, true);
  }

  image::Descriptor store_manifest(const image::Manifest& manifest) const {
    const auto json = image::to_json(manifest);
    image::Descriptor descriptor;
    descriptor.media_type = manifest.media_type;
    descriptor.digest = store_.content().put(json);
    descriptor.size_bytes = json.size();
    return descriptor;
  }

  std::vector<image::Reference> names() const {
    std::vector<image::Reference> names;
    for (const auto& text : entry_.repo_tags) {
      if (auto name = parse_name(text)) names.push_back(*std::move(name));
    }
    return names;
  }

  const ArchiveContents& contents_;
  const layers::Store& store_;
  const image::DockerArchiveImage& entry_;
};

}  // namespace

std::vector<ArchivedImage> images_of_layout(const ArchiveContents& contents,
                                            const layers::Store& store) {
  const auto index = image::parse_index(contents.index_json.value(), image::media_type::kOciIndex);
  std::vector<ArchivedImage> images;
  for (const auto& entry : index.manifests) {
    CompletenessCheck(store.content()).check(entry);
    ArchivedImage image{.descriptor = entry, .names = names_in(entry.annotations), .leftovers = {}};
    image.descriptor.annotations.clear();
    images.push_back(std::move(image));
  }
  return images;
}

std::vector<ArchivedImage> images_of_docker_save(const ArchiveContents& contents,
                                                 const layers::Store& store) {
  std::vector<ArchivedImage> images;
  for (const auto& entry : image::parse_docker_archive_manifest(contents.manifest_json.value())) {
    images.push_back(DockerImage(contents, store, entry).make());
  }
  return images;
}

}  // namespace ibuild::cli
