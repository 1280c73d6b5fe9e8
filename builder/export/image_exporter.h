#pragma once

#include "builder/export/exporter.h"

namespace ibuild::builder {

/// `type=image`: the image in the store under its names; with push=true in its registries as well,
/// and then layers of its base that were not needed here stay where they came from.
/// `type=registry`: the registries alone; base layers need not be here for it.
class ImageExporter : public Exporter {
 public:
  enum class Target { store, registry };
  explicit ImageExporter(Target target) : target_(target) {}
  void check(const OutputSpec& output, ResultShape shape,
             const AttestationSettings& attestations) const override;
  std::optional<LayerNeeds> layer_needs(const OutputSpec& output,
                                        const std::vector<image::Reference>& names) const override;
  ExportResult run(const FinishedBuild& build, const OutputSpec& output, const Services& services,
                   ImagePusher* pusher, const ExportReport& report,
                   std::stop_token stop) const override;

 private:
  bool pushes(const class OutputAttributes& attributes) const;
  Target target_;
};

}  // namespace ibuild::builder
