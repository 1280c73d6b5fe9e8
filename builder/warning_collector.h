#pragma once

#include <mutex>
#include <utility>

#include "builder/events.h"

namespace ibuild::builder {

/// Passes events on and keeps the warnings among them.
class WarningCollector : public EventSink {
 public:
  explicit WarningCollector(EventSink& next) : next_(next) {}
  void emit(BuildEvent event) override {
    if (const auto* raised = std::get_if<event::WarningRaised>(&event)) {
      const std::lock_guard lock(mutex_);
      warnings_.push_back(raised->warning);
    }
    next_.emit(std::move(event));
  }
  void raise(parser::Warning warning) { emit(event::WarningRaised{std::move(warning)}); }
  parser::Diagnostics take() {
    const std::lock_guard lock(mutex_);
    return std::move(warnings_);
  }

 private:
  EventSink& next_;
  std::mutex mutex_;
  parser::Diagnostics warnings_;
};

}  // namespace ibuild::builder
