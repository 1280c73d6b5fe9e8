#include "builder/export/added_compressions.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "image/media_types.h"

namespace ibuild::builder {
namespace {

using layers::LayerCompression;

constexpr const char* kZstdAnnotation = "io.github.containers.compression.zstd";

LayerCompression read_one(std::string_view name, const std::string& what) {
  if (name == "gzip") return LayerCompression::gzip;
  if (name == "zstd") return LayerCompression::zstd;
  base::UsageError error(what + " takes gzip and zstd, not \"" + base::printable(name) + "\"");
  error.set_hint("several are parted by +: gzip+zstd");
  throw error;
}

}  // namespace

std::vector<LayerCompression> read_added_compressions(std::string_view text,
                                                      const std::string& what) {
  std::vector<LayerCompression> found;
  for (const auto part : base::split(text, '+')) {
    const auto type = read_one(part, what);
    if (std::ranges::find(found, type) == found.end()) found.push_back(type);
  }
  return found;
}

bool is_packed(const BuiltImage& image, LayerCompression type) {
  return std::ranges::all_of(image.layers, [&](const auto& layer) {
    return layer.blob && image::media_type::layer_compression(layer.blob->media_type) == type;
  });
}

void annotate_compression(BuiltImage& image) {
  if (image.layers.empty() || !is_packed(image, LayerCompression::zstd)) return;
  image.manifest.annotations.insert_or_assign(kZstdAnnotation, "true");
}

void sort_by_compression(std::vector<BuiltImage>& images) {
  std::stable_partition(images.begin(), images.end(), [](const auto& image) {
    return !image.manifest.annotations.contains(kZstdAnnotation);
  });
}

}  // namespace ibuild::builder
