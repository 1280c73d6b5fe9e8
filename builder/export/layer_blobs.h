#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <vector>

#include "builder/assemble_image.h"
#include "builder/attest/attestation_manifest.h"
#include "builder/export/annotations.h"
#include "builder/export/exporter.h"
#include "builder/export/output_attributes.h"
#include "layers/compression.h"

namespace ibuild::builder {

/// How an output wants its layers: the attributes that all image-like outputs share.
struct LayerFormat {
  layers::CompressionOptions compression;
  bool force = false;                           // base layers too
  std::vector<layers::LayerCompression> added;  // in which images stand in the index once more
  ImageFormat format = ImageFormat::oci;
  std::vector<Annotation> annotations;
  AttestationFormat attestations;
  ForeignLayers foreign = ForeignLayers::adopted;
  /// What new layers are annotated with; none: not at all.
  std::optional<std::chrono::sys_seconds> rewritten_to;
};

/// The shape of an output: an image gets an index when something is to stand beside it.
ResultShape shape_with(const AttestationSettings& attestations, ResultShape shape,
                       const LayerFormat& format);

/// Throws: base::UsageError for annotations or attestations that the output cannot hold.
void check_format(const LayerFormat& format, ResultShape shape,
                  const AttestationSettings& attestations);

/// Throws: base::UsageError.
LayerFormat read_layer_format(const OutputAttributes& attributes, ImageFormat otherwise);
/// The same for an output of a build by `of_build`, complete.
LayerFormat read_layer_format(const OutputAttributes& attributes, ImageFormat otherwise,
                              const base::Clock& of_build);

enum class BlobPlace {
  store,            // every blob lies in the content store afterwards
  store_or_origin,  // a base layer may stay where it came from: its descriptor is enough
};

/// All images of a build with their blobs, and what is said of them under `build.names`, in the
/// form that `format` says. Blocks.
BuiltImages make_built_images(const FinishedBuild& build, const LayerFormat& format,
                              BlobPlace place, const layers::Store& store, std::stop_token stop);

/// The layers with their blob descriptors, compressed or fetched where needed, several at a time.
/// Blocks. Throws: base::Error of the first layer that fails.
layers::LayerChain make_layer_blobs(const layers::LayerChain& chain, const LayerFormat& format,
                                    BlobPlace place, const layers::Store& store,
                                    std::stop_token stop);

}  // namespace ibuild::builder
