#pragma once

#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "base/error.h"
#include "builder/events.h"

namespace ibuild::builder {

/// The events around one piece of work: StepStarted when made, StepDone at done(); StepFailed when
/// it is destroyed before, by an exception for instance. One thread at a time.
class VertexWatch {
 public:
  /// For a vertex that PlanReady did not announce.
  VertexWatch(EventSink& events, VertexId id, std::string name);
  /// For one that it did.
  VertexWatch(EventSink& events, VertexId id);
  VertexWatch(const VertexWatch&) = delete;
  VertexWatch& operator=(const VertexWatch&) = delete;
  ~VertexWatch();

  VertexId id() const { return id_; }
  void note(std::string text) const;
  /// Runs `work` and says how it ended. Throws what it throws.
  template <typename F>
  void run(F&& work) {
    try {
      std::forward<F>(work)();
    } catch (const base::CancelledError&) {
      cancelled();
      throw;
    } catch (const std::exception& error) {
      failed(error.what());
      throw;
    }
    done();
  }
  void done();
  void failed(const std::string& message);
  void cancelled();

 private:
  void finish(BuildEvent event);
  EventSink& events_;
  VertexId id_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool finished_ = false;
};

}  // namespace ibuild::builder
