#pragma once

#include "base/clock.h"
#include "builder/export/root_file_system.h"

namespace ibuild::builder {

/// Gives all that is handed on to `next` the time of a fixed clock, as BuildKit does with files
/// that leave an image under SOURCE_DATE_EPOCH.
class FixTimes : public RootFileSystem::Visitor {
 public:
  FixTimes(RootFileSystem::Visitor& next, const base::Clock& clock) : next_(next), clock_(clock) {}
  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override {
    const auto time = clock_.fixed();
    if (!time) return next_.visit(entry, data);
    layers::LayerEntry fixed = entry;
    fixed.mtime = *time;
    next_.visit(fixed, data);
  }

 private:
  RootFileSystem::Visitor& next_;
  const base::Clock& clock_;
};

}  // namespace ibuild::builder
