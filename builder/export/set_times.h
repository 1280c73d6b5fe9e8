#pragma once

#include "base/clock.h"
#include "builder/export/root_file_system.h"

namespace ibuild::builder {

/// Gives what is handed on to `next` the time of a fixed clock, SOURCE_DATE_EPOCH; does nothing
/// when the clock is not fixed.
class SetTimes : public RootFileSystem::Visitor {
 public:
  /// Those that are later, as in a layer, or all, as BuildKit does with files that leave an image.
  enum class Which { later, all };
  SetTimes(RootFileSystem::Visitor& next, const base::Clock& clock, Which which)
      : next_(next), clock_(clock), which_(which) {}

  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override {
    const auto time = clock_.fixed();
    if (!time || (which_ == Which::later && entry.mtime <= *time)) return next_.visit(entry, data);
    layers::LayerEntry changed = entry;
    changed.mtime = *time;
    next_.visit(changed, data);
  }

 private:
  RootFileSystem::Visitor& next_;
  const base::Clock& clock_;
  Which which_;
};

}  // namespace ibuild::builder
