#include "builder/assemble_image.h"

#include <string>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "image/estargz.h"
#include "image/manifest.h"
#include "image/media_types.h"

namespace ibuild::builder {

namespace {

namespace media_type = image::media_type;

std::string layer_type(const std::string& current, ImageFormat format) {
  const auto compression = media_type::layer_compression(current);
  if (format == ImageFormat::oci) return std::string(media_type::oci_layer_type(compression));
  switch (compression) {
    case media_type::LayerCompression::none:
      return std::string(media_type::kDockerLayer);
    case media_type::LayerCompression::gzip:
      return std::string(media_type::kDockerLayerGzip);
    case media_type::LayerCompression::zstd:
      break;
  }
  throw base::UsageError("zstd layers need OCI media types: oci-mediatypes=false cannot hold them");
}

/// Those without which nobody finds the table of an eStargz layer, and what an output says of its
/// own layers.
image::Annotations kept_annotations(const image::Descriptor& blob) {
  image::Annotations kept;
  for (const char* key :
       {image::kEstargzToc, image::kEstargzInflatedBytes, kRewrittenTimestampAnnotation}) {
    const auto found = blob.annotations.find(key);
    if (found != blob.annotations.end()) kept.insert(*found);
  }
  return kept;
}

}  // namespace

BuiltImage assemble_image(const image::ImageConfig& config, layers::LayerChain layers,
                          ImageFormat format, image::Annotations annotations,
                          ForeignLayers foreign) {
  const bool oci = format == ImageFormat::oci;
  BuiltImage built;
  built.config_json = image::to_json(config);
  built.config = image::describe_bytes(oci ? media_type::kOciConfig : media_type::kDockerConfig,
                                       built.config_json);

  image::Manifest manifest;
  manifest.media_type = oci ? media_type::kOciManifest : media_type::kDockerManifest;
  manifest.config = built.config;
  manifest.annotations = std::move(annotations);
  for (layers::Layer& layer : layers) {
    const image::Descriptor& blob = layer.blob.value();
    const bool as_it_is =
        foreign == ForeignLayers::kept && media_type::is_nondistributable(blob.media_type);
    layer.blob = image::Descriptor{
        .media_type = as_it_is ? blob.media_type : layer_type(blob.media_type, format),
        .digest = blob.digest,
        .size_bytes = blob.size_bytes,
        .urls = blob.urls,
        .annotations = kept_annotations(blob)};
    manifest.layers.push_back(*layer.blob);
  }
  built.manifest_json = image::to_json(manifest);
  built.manifest = image::describe_bytes(manifest.media_type, built.manifest_json);
  built.manifest.platform = config.platform;
  built.layers = std::move(layers);
  return built;
}

BuiltImages assemble_result(std::vector<BuiltImage> images,
                            std::vector<BuiltAttestations> attestations, ResultShape shape,
                            ImageFormat format, image::Annotations annotations) {
  BuiltImages built;
  built.images = std::move(images);
  built.attestations = std::move(attestations);
  if (shape == ResultShape::image) {
    built.top = built.images.at(0).manifest;
    return built;
  }
  image::Index index;
  index.annotations = std::move(annotations);
  index.media_type = format == ImageFormat::oci ? media_type::kOciIndex : media_type::kDockerList;
  for (const auto& image : built.images) index.manifests.push_back(image.manifest);
  for (const auto& said : built.attestations) index.manifests.push_back(said.manifest.descriptor);
  built.index_json = image::to_json(index);
  built.top = image::describe_bytes(index.media_type, built.index_json);
  return built;
}

}  // namespace ibuild::builder
