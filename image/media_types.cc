#include "image/media_types.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::image::media_type {

namespace {

struct LayerType {
  std::string_view media_type;
  LayerCompression compression;
};

constexpr std::array<LayerType, 11> kLayerTypes = {{
    {kOciLayer, LayerCompression::none},
    {kOciLayerGzip, LayerCompression::gzip},
    {kOciLayerZstd, LayerCompression::zstd},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar", LayerCompression::none},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", LayerCompression::gzip},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", LayerCompression::zstd},
    {kDockerLayer, LayerCompression::none},
    {kDockerLayerGzip, LayerCompression::gzip},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", LayerCompression::zstd},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", LayerCompression::none},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", LayerCompression::gzip},
}};

}  // namespace

bool is_index(std::string_view media_type) {
  return media_type == kOciIndex || media_type == kDockerList;
}

bool is_manifest(std::string_view media_type) {
  return media_type == kOciManifest || media_type == kDockerManifest;
}

LayerCompression layer_compression(std::string_view media_type) {
  const auto* found =
      std::find_if(kLayerTypes.begin(), kLayerTypes.end(),
                   [&](const LayerType& known) { return known.media_type == media_type; });
  if (found == kLayerTypes.end()) {
    throw base::ContentError("media type \"" + base::printable(media_type) +
                             "\" is not a layer in a compression known here");
  }
  return found->compression;
}

bool is_nondistributable(std::string_view media_type) {
  return media_type.find(".nondistributable.") != std::string_view::npos ||
         media_type.find(".foreign.") != std::string_view::npos;
}

std::string_view oci_layer_type(LayerCompression compression) {
  switch (compression) {
    case LayerCompression::none:
      return kOciLayer;
    case LayerCompression::gzip:
      return kOciLayerGzip;
    case LayerCompression::zstd:
      return kOciLayerZstd;
  }
  throw base::Error("unknown layer compression");
}

}  // namespace ibuild::image::media_type
