#pragma once

#include "base/clock.h"
#include "builder/export/root_file_system.h"

namespace ibuild::builder {

/// Keeps times from lying after SOURCE_DATE_EPOCH: of what is handed on to `next`, later ones
/// become that of a fixed clock.
class ClampTimes : public RootFileSystem::Visitor {
 public:
  ClampTimes(RootFileSystem::Visitor& next, const base::Clock& clock)
      : next_(next), clock_(clock) {}
  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override {
    const auto latest = clock_.fixed();
    if (!latest || entry.mtime <= *latest) return next_.visit(entry, data);
    layers::LayerEntry clamped = entry;
    clamped.mtime = *latest;
    next_.visit(clamped, data);
  }

 private:
  RootFileSystem::Visitor& next_;
  const base::Clock& clock_;
};

}  // namespace ibuild::builder
