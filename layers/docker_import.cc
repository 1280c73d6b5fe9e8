// Images of what docker save writes. See: moby's image specification v1.2, "Combined Image JSON +
// Filesystem Changeset Format".
#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "image/config.h"
#include "image/docker_archive.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "layers/compression.h"
#include "layers/image_import.h"
#include "layers/image_names.h"

namespace ibuild::layers {

namespace {

std::string in_quotes(std::string_view path) { return "\"" + base::printable(path) + "\""; }

LayerCompression compression_of(int fd) {
  std::array<std::byte, 4> head{};
  base::FdRangeSource source(fd, 0, head.size());
  std::size_t size = 0;
  while (size < head.size()) size += source.read(std::span(head).subspan(size));
  return detect_compression(head);
}

/// The digest of the plain bytes of a layer.
base::Digest compute_diff_id(int fd, LayerCompression compression) {
  base::FdSource source(fd);
  const auto plain = make_decompressor(compression, source);
  return base::sha256_of(*plain);
}

/// Config files are named by the digest of their bytes, "<hex>.json" or "blobs/sha256/<hex>".
void check_config_name(std::string_view path, const base::Digest& digest) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".json")) name.remove_suffix(5);
  const auto promised = base::Digest::try_parse("sha256:" + std::string(name));
  if (promised && *promised != digest) {
    throw base::ContentError(in_quotes(path) + " in the archive is not what it is named",
                             promised->str(), digest.str());
  }
}

class DockerPlanner {
 public:
  explicit DockerPlanner(const StagedArchive& archive) : archive_(archive) {}

  void add_image(const image::DockerArchiveImage& image) {
    const auto& config_file = need(image.config);
    check_config_name(image.config, config_file.digest);
    const auto config =
        image::parse_image_config(archive_.read_text(config_file, image::kMaxManifestBytes));
    if (config.diff_ids.size() != image.layers.size()) {
      throw base::ContentError(in_quotes(image.config) + " in the archive names " +
                               std::to_string(config.diff_ids.size()) + " layers, manifest.json " +
                               std::to_string(image.layers.size()));
    }
    image::Manifest manifest;
    manifest.media_type = image::media_type::kOciManifest;
    manifest.config = describe(config_file, image::media_type::kOciConfig);
    for (std::size_t i = 0; i < image.layers.size(); ++i) {
      manifest.layers.push_back(add_layer(image.layers[i], config.diff_ids[i]));
    }
    add_blob(config_file);
    add_manifest(manifest, config.platform, image.repo_tags);
  }

  ImportPlan take() { return std::move(plan_); }

 private:
  const StagedArchive::File& need(const std::string& path) const {
    const auto* file = archive_.find(path);
    if (file == nullptr) {
      throw base::ContentError("manifest.json names " + in_quotes(path) +
                               ", which is not in the archive");
    }
    return *file;
  }

  image::Descriptor describe(const StagedArchive::File& file, std::string_view media_type) const {
    return {.media_type = std::string(media_type),
            .digest = file.digest,
            .size_bytes = file.size_bytes};
  }

  image::Descriptor add_layer(const std::string& path, const base::Digest& diff_id) {
    const auto& file = need(path);
    const auto fd = archive_.open(file);
    const auto compression =
        file.size_bytes < 4 ? LayerCompression::none : compression_of(fd.get());
    const auto actual = compression == LayerCompression::none
                            ? file.digest
                            : compute_diff_id(fd.get(), compression);
    if (actual != diff_id) {
      throw base::ContentError("layer " + in_quotes(path) + " in the archive", diff_id.str(),
                               actual.str());
    }
    add_blob(file);
    return describe(file, image::media_type::oci_layer_type(compression));
  }

  void add_blob(const StagedArchive::File& file) {
    if (added_.insert(file.digest).second) plan_.blobs.push_back(&file);
  }

  void add_manifest(const image::Manifest& manifest, const image::Platform& platform,
                    const std::vector<std::string>& repo_tags) {
    std::string json = image::to_json(manifest);
    ImportPlan::Image image;
    image.descriptor = image::describe_bytes(manifest.media_type, json);
    image.descriptor.platform = platform;
    for (const auto& text : repo_tags) {
      if (auto name = try_parse_archived_name(text)) image.names.push_back(std::move(*name));
    }
    plan_.images.push_back(std::move(image));
    plan_.new_manifests.push_back(std::move(json));
  }

  const StagedArchive& archive_;
  ImportPlan plan_;
  std::set<base::Digest> added_;
};

}  // namespace

ImportPlan plan_docker_import(const StagedArchive& archive, const StagedArchive::File& manifest) {
  const std::string json = archive.read_text(manifest, image::kMaxManifestBytes);
  DockerPlanner planner(archive);
  for (const auto& image : image::parse_docker_archive_manifest(json)) planner.add_image(image);
  return planner.take();
}

}  // namespace ibuild::layers
