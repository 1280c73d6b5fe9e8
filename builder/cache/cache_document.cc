#include "builder/cache/cache_document.h"

#include "base/error.h"
#include "base/text.h"
#include "image/config.h"
#include "image/media_types.h"

namespace ibuild::builder {
namespace {

bool is_cache(const image::Manifest& manifest) {
  return manifest.config.media_type == kCacheIndexType;
}

bool is_image(const image::Manifest& manifest) {
  const auto& type = manifest.config.media_type;
  return type == image::media_type::kOciConfig || type == image::media_type::kDockerConfig;
}

}  // namespace

void check_may_hold_cache(const image::Manifest& manifest) {
  if (!is_cache(manifest) && !is_image(manifest)) {
    throw base::ContentError("it is no cache of ibuild's: its config is of type " +
                             base::printable(manifest.config.media_type));
  }
  if (manifest.config.size_bytes > kMaxCacheIndexBytes) {
    throw base::ContentError("its index claims " + std::to_string(manifest.config.size_bytes) +
                             " bytes, more than the " + std::to_string(kMaxCacheIndexBytes) +
                             " allowed");
  }
}

std::optional<CacheBundle> read_cache_document(const image::Manifest& manifest,
                                               const std::string& config_json) {
  if (is_cache(manifest)) {
    auto bundle = parse_cache_bundle(config_json);
    check_blobs(bundle, manifest.layers);
    return bundle;
  }
  const auto config = image::parse_image_config(config_json);
  if (config.inline_cache.empty()) return std::nullopt;
  auto bundle = parse_cache_bundle(config.inline_cache);
  attach_blobs(bundle, config.diff_ids, manifest.layers);
  check_blobs(bundle, manifest.layers);
  return bundle;
}

}  // namespace ibuild::builder
