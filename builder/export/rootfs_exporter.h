#pragma once

#include "builder/export/exporter.h"

namespace ibuild::builder {

/// `type=tar`: the image's file system as one tar. `type=local`: the same below a directory of the
/// host, owned by the caller; what is there and not in the image stays, or goes with mode=delete.
/// With SOURCE_DATE_EPOCH, times after it are set to it.
class RootfsExporter : public Exporter {
 public:
  enum class Kind { tar, local };
  explicit RootfsExporter(Kind kind) : kind_(kind) {}
  void check(const OutputSpec& output, ResultShape shape,
             const AttestationSettings& attestations) const override;
  ExportResult run(const FinishedBuild& build, const OutputSpec& output, const Services& services,
                   ImagePusher* pusher, const ExportReport& report,
                   std::stop_token stop) const override;

 private:
  Kind kind_;
};

/// Whether an output is a directory that is to hold nothing but the image afterwards: type=local
/// with mode=delete. Throws: base::UsageError for another mode.
bool replaces_directory(const OutputSpec& output);

/// `type=cacheonly`: nothing but a warm cache.
class CacheOnlyExporter : public Exporter {
 public:
  void check(const OutputSpec& output, ResultShape shape,
             const AttestationSettings& attestations) const override;
  ExportResult run(const FinishedBuild& build, const OutputSpec& output, const Services& services,
                   ImagePusher* pusher, const ExportReport& report,
                   std::stop_token stop) const override;
};

}  // namespace ibuild::builder
