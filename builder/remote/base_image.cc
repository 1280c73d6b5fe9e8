#include "builder/remote/base_image.h"

#include <utility>

#include "base/error.h"
#include "image/config.h"
#include "image/media_types.h"

namespace ibuild::remote {

namespace {

void check_is_image(const image::Manifest& manifest, const image::ImageConfig& config) {
  if (config.diff_ids.size() != manifest.layers.size()) {
    throw base::ContentError("the image's config has " + std::to_string(config.diff_ids.size()) +
                             " diff-ids for " + std::to_string(manifest.layers.size()) + " layers");
  }
  for (const auto& layer : manifest.layers) image::media_type::layer_compression(layer.media_type);
}

}  // namespace

void check_has_image_config(const image::Manifest& manifest) {
  const auto& type = manifest.config.media_type;
  if (type != image::media_type::kOciConfig && type != image::media_type::kDockerConfig) {
    throw base::ContentError("this is no container image: its config is of type " + type);
  }
  if (manifest.config.size_bytes > kMaxConfigBytes) {
    throw base::ContentError("the image's config claims " +
                             std::to_string(manifest.config.size_bytes) + " bytes, more than the " +
                             std::to_string(kMaxConfigBytes) + " allowed");
  }
}

builder::BaseImage make_base_image(const image::Reference& reference, ChosenManifest chosen,
                                   const std::string& config_json) {
  builder::BaseImage base;
  base.reference = reference;
  base.digest = chosen.descriptor.digest;
  base.config = image::parse_image_config(config_json);
  base.manifest = std::move(chosen.manifest);
  check_is_image(base.manifest, base.config);
  for (std::size_t i = 0; i < base.manifest.layers.size(); ++i) {
    base.layers.push_back(
        {.diff_id = base.config.diff_ids[i], .blob = base.manifest.layers[i], .provider = {}});
  }
  return base;
}

}  // namespace ibuild::remote
