#include "layers/image_content.h"

#include "base/error.h"
#include "image/config.h"
#include "image/media_types.h"

namespace ibuild::layers {

namespace {

// Real indexes are two deep at most.
constexpr int kMaxIndexDepth = 8;

}  // namespace

bool is_image_config(std::string_view media_type) {
  return media_type == image::media_type::kOciConfig ||
         media_type == image::media_type::kDockerConfig;
}

void ImageContent::add_document(const image::Descriptor& document, int depth) {
  if (depth > kMaxIndexDepth) throw base::ContentError("image indexes are nested too deep");
  blobs_.insert(document.digest);
  if (depth > 0 && !content_.has(document.digest)) return;  // a platform that nobody asked for
  if (!documents_.insert(document.digest).second) return;
  attempt([&] {
    const std::string json = content_.read(document.digest, image::kMaxManifestBytes);
    const auto parsed = image::parse_manifest_or_index(json, document.media_type);
    if (const auto* index = std::get_if<image::Index>(&parsed)) {
      for (const auto& child : index->manifests) add_document(child, depth + 1);
    } else {
      add_parts(std::get<image::Manifest>(parsed));
    }
  });
}

void ImageContent::add_parts(const image::Manifest& manifest) {
  for (const auto& layer : manifest.layers) blobs_.insert(layer.digest);
  blobs_.insert(manifest.config.digest);
  if (!is_image_config(manifest.config.media_type)) return;
  if (!configs_.insert(manifest.config.digest).second) return;
  attempt([&] {
    const std::string json = content_.read(manifest.config.digest, image::kMaxManifestBytes);
    const auto config = image::parse_image_config(json);
    diff_ids_.insert(config.diff_ids.begin(), config.diff_ids.end());
  });
}

template <typename Action>
void ImageContent::attempt(Action action) {
  try {
    action();
  } catch (const base::SystemError&) {
    throw;
  } catch (const base::Error&) {
    if (unreadable_ == Unreadable::refuse) throw;
  }
}

}  // namespace ibuild::layers
