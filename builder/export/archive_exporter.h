#pragma once

#include "builder/export/exporter.h"

namespace ibuild::builder {

/// `type=oci`: an OCI layout as a tar, or as a directory with tar=false.
/// `type=docker`: the same tar with a manifest.json, which `docker load` reads.
/// See: image-spec/image-layout.md.
class ArchiveExporter : public Exporter {
 public:
  enum class Kind { oci, docker };
  explicit ArchiveExporter(Kind kind) : kind_(kind) {}
  void check(const OutputSpec& output, ResultShape shape,
             const AttestationSettings& attestations) const override;
  std::optional<LayerNeeds> layer_needs(const OutputSpec& output,
                                        const std::vector<image::Reference>& names) const override;
  ExportResult run(const FinishedBuild& build, const OutputSpec& output, const Services& services,
                   ImagePusher* pusher, const ExportReport& report,
                   std::stop_token stop) const override;

 private:
  Kind kind_;
};

}  // namespace ibuild::builder
