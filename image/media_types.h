#pragma once

#include <string_view>

namespace ibuild::image::media_type {

inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view kDockerLayerGzip =
    "application/vnd.docker.image.rootfs.diff.tar.gzip";

bool is_index(std::string_view media_type);
bool is_manifest(std::string_view media_type);

enum class LayerCompression { none, gzip, zstd };
/// How a layer of this media type is compressed. Throws base::ContentError for what is no layer or
/// is compressed in a way not known here. OCI, Docker, nondistributable and foreign types.
LayerCompression layer_compression(std::string_view media_type);
/// Whether a layer of this type is not to be pushed, but fetched from its URLs by whoever wants it.
bool is_nondistributable(std::string_view media_type);
/// The OCI type for a compression.
std::string_view oci_layer_type(LayerCompression compression);

}  // namespace ibuild::image::media_type
