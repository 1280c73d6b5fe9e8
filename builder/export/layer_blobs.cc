#include "builder/export/layer_blobs.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/added_compressions.h"
#include "builder/export/estargz.h"
#include "builder/export/output_times.h"
#include "builder/export/squash.h"

namespace ibuild::builder {

namespace {

using layers::LayerCompression;

/// Blobs made side by side. Each compresses on the shared pool; more than this only adds memory.
constexpr std::size_t kBlobsAtOnce = 4;

LayerCompression read_compression(const std::string& text) {
  if (text == "gzip" || text == "estargz") return LayerCompression::gzip;
  if (text == "zstd") return LayerCompression::zstd;
  if (text == "uncompressed") return LayerCompression::none;
  throw base::UsageError("compression takes gzip, zstd, estargz or uncompressed, not " +
                         base::printable(text));
}

void check_level(const layers::CompressionOptions& options) {
  if (!options.level) return;
  const int highest = options.type == LayerCompression::zstd ? 22 : 9;
  if (options.type == LayerCompression::none || *options.level > highest) {
    throw base::UsageError("compression-level " + std::to_string(*options.level) +
                           " does not fit the compression (gzip 0-9, zstd 0-22)");
  }
}

/// Refuses what the images of BuildKit's former releases were like. Source: BuildKit,
/// docs/build-repro.md: 30 is what it does since 0.32.
void check_compatibility(const OutputAttributes& attributes) {
  constexpr int kOnlyVersion = 30;
  const auto version = attributes.number("compatibility-version");
  if (!version || *version == kOnlyVersion) return;
  base::UsageError error("compatibility-version " + std::to_string(*version) +
                         " is not supported: images are made as version 30 has them");
  if (*version == 20) error.set_hint("oci-mediatypes=false gives the media types of version 20");
  throw error;
}

/// The descriptor of a blob that needs no work: it lies in the store, or may stay at its origin.
std::optional<image::Descriptor> ready_blob(const layers::Layer& layer, const LayerFormat& format,
                                            BlobPlace place, const layers::Store& store) {
  auto known = store.layers().known_blob(layer, format.compression, format.force);
  if (!known) return std::nullopt;
  const bool at_origin = place == BlobPlace::store_or_origin && layer.provider != nullptr &&
                         layer.blob && layer.blob->digest == known->digest;
  if (at_origin || store.content().has(known->digest)) return known;
  return std::nullopt;
}

/// Calls `work(i)` for each of `items` on a few threads; rethrows the first failure after all have
/// ended.
template <typename Work>
void for_each_of(const std::vector<std::size_t>& items, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&] {
    for (std::size_t at = next++; at < items.size(); at = next++) {
      try {
        work(items[at]);
      } catch (...) {
        const std::scoped_lock lock(mutex);
        if (!failure) failure = std::current_exception();
        next = items.size();
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(items.size(), kBlobsAtOnce); ++i)
      helpers.emplace_back(run);
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

/// Says of layers above the base's, as BuildKit does, that none of their files is later.
void annotate_rewritten(layers::LayerChain& blobs, std::size_t base_layers,
                        std::chrono::sys_seconds time) {
  const std::string seconds = std::to_string(time.time_since_epoch().count());
  for (std::size_t i = base_layers; i < blobs.size(); ++i)
    blobs[i].blob.value().annotations[kRewrittenTimestampAnnotation] = seconds;
}

BuiltImage make_image(const FinishedImage& image, const LayerFormat& format, BlobPlace place,
                      const layers::Store& store, const std::stop_token& stop) {
  const auto at = [&](AnnotationPlace annotated) {
    return annotations_at(annotated, image.config.platform, format.annotations);
  };
  auto blobs = make_layer_blobs(image.layers, format, place, store, stop);
  if (format.rewritten_to) annotate_rewritten(blobs, image.base_layers, *format.rewritten_to);
  auto built = assemble_image(image.config, std::move(blobs), format.format,
                              at(AnnotationPlace::manifest), format.foreign);
  built.manifest.annotations = at(AnnotationPlace::manifest_descriptor);
  return built;
}

/// Puts the images in the compressions that they lack beside themselves.
void add_compressions(std::vector<BuiltImage>& images, const FinishedBuild& build,
                      const LayerFormat& format, BlobPlace place, const layers::Store& store,
                      const std::stop_token& stop) {
  LayerFormat other = format;
  other.force = true;
  std::vector<BuiltImage> added;
  for (std::size_t i = 0; i < images.size(); ++i) {
    for (const auto type : format.added) {
      if (is_packed(images[i], type)) continue;
      other.compression = {.type = type, .level = {}};
      added.push_back(make_image(build.images[i], other, place, store, stop));
    }
  }
  std::ranges::move(added, std::back_inserter(images));
  for (auto& image : images) annotate_compression(image);
  sort_by_compression(images);
}

}  // namespace

LayerFormat read_layer_format(const OutputAttributes& attributes, ImageFormat otherwise) {
  LayerFormat format;
  if (const auto name = attributes.text("compression"))
    format.compression.type = read_compression(*name);
  format.compression.level = attributes.number("compression-level");
  check_level(format.compression);
  // As BuildKit has it: the fastest. What zstd itself calls 0 is its default.
  if (format.compression.type == LayerCompression::zstd && format.compression.level == 0)
    format.compression.level = 1;
  format.force = attributes.flag("force-compression", false);
  format.annotations = read_annotations(attributes.all());
  // Docker's documents have no place for annotations.
  const bool by_itself = otherwise == ImageFormat::oci || !format.annotations.empty();
  const bool oci = attributes.flag("oci-mediatypes", by_itself);
  if (!oci && !format.annotations.empty())
    throw base::UsageError("annotations need OCI media types: oci-mediatypes=false cannot be");
  format.format = oci ? ImageFormat::oci : ImageFormat::docker;
  if (!oci && format.compression.type == LayerCompression::zstd) {
    throw base::UsageError("compression=zstd needs oci-mediatypes=true");
  }
  if (!oci && wants_estargz(attributes))
    throw base::UsageError("compression=estargz needs oci-mediatypes=true");
  if (const auto added = attributes.text(kAddedCompressionsAttribute)) {
    format.added = read_added_compressions(
        *added, attributes.what() + ": " + std::string(kAddedCompressionsAttribute));
    if (!oci) throw base::UsageError("add-compression needs oci-mediatypes=true");
  }
  check_compatibility(attributes);
  (void)wants_squash(attributes);
  (void)output_clock(attributes, {});
  if (attributes.flag("prefer-nondist-layers", false)) format.foreign = ForeignLayers::kept;
  format.attestations.artifact = attributes.flag("oci-artifact", oci);
  format.attestations.forced = attributes.flag("attestation-inline", false);
  if (!oci && format.attestations.artifact)
    throw base::UsageError("oci-artifact=true needs oci-mediatypes=true");
  const auto rewriting = read_time_rewriting(attributes, TimeRewriting::later);
  if (rewriting == TimeRewriting::all && !output_clock(attributes, {}).is_fixed())
    throw base::UsageError("rewrite-timestamp=all needs a time: source-date-epoch=SECONDS");
  if (rewriting == TimeRewriting::none) {
    throw base::UsageError(
        "rewrite-timestamp=false is not supported: with SOURCE_DATE_EPOCH no file of a new layer "
        "is "
        "later than that");
  }
  return format;
}

LayerFormat read_layer_format(const OutputAttributes& attributes, ImageFormat otherwise,
                              const base::Clock& of_build) {
  LayerFormat format = read_layer_format(attributes, otherwise);
  const bool rewrites =
      read_time_rewriting(attributes, TimeRewriting::none) == TimeRewriting::later;
  if (rewrites && format.format == ImageFormat::oci)
    format.rewritten_to = output_clock(attributes, of_build).fixed();
  return format;
}

ResultShape shape_with(const AttestationSettings& attestations, ResultShape shape,
                       const LayerFormat& format) {
  const bool several = !format.added.empty() || attestations.need_index(format.attestations.forced);
  return several ? ResultShape::index : shape;
}

void check_format(const LayerFormat& format, ResultShape shape,
                  const AttestationSettings& attestations) {
  check_annotations(format.annotations, shape_with(attestations, shape, format));
  if (attestations.need_index(format.attestations.forced) && format.format == ImageFormat::docker)
    throw base::UsageError("attestations need OCI media types: oci-mediatypes=false cannot be");
}

BuiltImages make_built_images(const FinishedBuild& build, const LayerFormat& format,
                              BlobPlace place, const layers::Store& store, std::stop_token stop) {
  using Place = AnnotationPlace;
  std::vector<BuiltImage> images;
  for (const auto& image : build.images)
    images.push_back(make_image(image, format, place, store, stop));
  std::vector<BuiltAttestations> attestations;
  const bool attached = is_attached(build, format.attestations);
  for (std::size_t i = 0; attached && i < images.size(); ++i) {
    attestations.push_back(make_attestations(images[i].manifest, build.images[i].attestations,
                                             build.names, format.attestations));
  }
  if (!format.added.empty()) add_compressions(images, build, format, place, store, stop);
  const auto shape = attached || !format.added.empty() ? ResultShape::index : build.shape;
  BuiltImages built =
      assemble_result(std::move(images), std::move(attestations), shape, format.format,
                      annotations_at(Place::index, {}, format.annotations));
  if (shape == ResultShape::index)
    built.top.annotations = annotations_at(Place::index_descriptor, {}, format.annotations);
  return built;
}

layers::LayerChain make_layer_blobs(const layers::LayerChain& chain, const LayerFormat& format,
                                    BlobPlace place, const layers::Store& store,
                                    std::stop_token stop) {
  layers::LayerChain made = chain;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (auto blob = ready_blob(made[i], format, place, store)) {
      made[i].blob = std::move(blob);
    } else {
      missing.push_back(i);
    }
  }
  for_each_of(missing, [&](std::size_t i) {
    made[i].blob = store.layers().ensure_blob(chain[i], format.compression, format.force, stop);
  });
  return made;
}

}  // namespace ibuild::builder
