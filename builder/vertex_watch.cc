#include "builder/vertex_watch.h"

#include <utility>

namespace ibuild::builder {

VertexWatch::VertexWatch(EventSink& events, VertexId id, std::string name)
    : events_(events), id_(id) {
  events_.emit(event::VertexAdded{{id, std::move(name)}});
  events_.emit(event::StepStarted{id});
}

VertexWatch::VertexWatch(EventSink& events, VertexId id) : events_(events), id_(id) {
  events_.emit(event::StepStarted{id});
}

VertexWatch::~VertexWatch() {
  if (!finished_) failed("failed");
}

void VertexWatch::note(std::string text) const {
  events_.emit(event::StepNote{id_, std::move(text)});
}

void VertexWatch::finish(BuildEvent event) {
  if (std::exchange(finished_, true)) return;
  events_.emit(std::move(event));
}

void VertexWatch::done() {
  const auto took = std::chrono::steady_clock::now() - start_;
  finish(event::StepDone{id_, std::chrono::duration_cast<std::chrono::milliseconds>(took)});
}

void VertexWatch::failed(const std::string& message) {
  finish(event::StepFailed{id_, message, false});
}

void VertexWatch::cancelled() { finish(event::StepFailed{id_, "cancelled", true}); }

}  // namespace ibuild::builder
