#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "builder/attest/attestation.h"
#include "builder/build.h"
#include "builder/events.h"
#include "builder/plan/platform_target.h"
#include "image/config.h"
#include "image/reference.h"
#include "layers/compression.h"
#include "layers/layer.h"

namespace ibuild::builder {

/// An image that a build made, before it has the form of any output.
struct FinishedImage {
  image::ImageConfig config;  // complete: diff-ids and history are in place
  layers::LayerChain layers;  // as many as there are diff-ids
  std::vector<Attestation> attestations;
  // How many of the history's first entries, and of the layers, are the base's.
  std::size_t base_history = 0;
  std::size_t base_layers = 0;
};

/// All that a build made.
struct FinishedBuild {
  std::vector<FinishedImage> images;  // one for each platform, in the order asked for
  ResultShape shape = ResultShape::image;
  std::vector<image::Reference> names;
};

/// What an output became.
struct ExportResult {
  std::optional<image::Descriptor>
      image;  // none for outputs without a manifest (tar, local, cacheonly)
  std::optional<base::Digest> config_digest;
  std::vector<std::string> names;  // full references that were given
};

/// The vertex an export reports under.
struct ExportReport {
  EventSink& events;
  VertexId vertex;
  void note(std::string text) const { events.emit(event::StepNote{vertex, std::move(text)}); }
};

/// What an output needs of each new layer of an image.
struct LayerNeeds {
  layers::CompressionOptions compression;
  std::vector<image::Reference> destinations;  // where its blob will be pushed to
};

/// Gives what a build made one outside form. One per `-o type=`; stateless, for any thread.
class Exporter {
 public:
  virtual ~Exporter() = default;
  /// Looks at the attributes alone, so that a mistake ends the build before it starts.
  /// Throws: base::UsageError naming the attribute, or the shape that cannot be had.
  virtual void check(const OutputSpec& output, ResultShape shape,
                     const AttestationSettings& attestations) const = 0;
  /// None when the output takes layers in another form than as blobs of their own. `names` are
  /// those of the build. Requires: check() found nothing.
  virtual std::optional<LayerNeeds> layer_needs(
      const OutputSpec& /*output*/, const std::vector<image::Reference>& /*names*/) const {
    return std::nullopt;
  }
  /// Throws: base::Error. Files of an output appear whole or not at all (but for `local`, which
  /// merges into a directory).
  virtual ExportResult run(const FinishedBuild& build, const OutputSpec& output,
                           const Services& services, ImagePusher* pusher,
                           const ExportReport& report, std::stop_token stop) const = 0;
};

/// The exporter for `-o type=`. Throws: base::UsageError with the known types and the nearest of
/// them.
const Exporter& find_exporter(std::string_view type);

}  // namespace ibuild::builder
