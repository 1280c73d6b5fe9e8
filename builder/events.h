#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "parser/diagnostic.h"

namespace ibuild::builder {

/// A unit of work as the user sees it: a Dockerfile step, the loading of a base, an export.
/// Numbered from 1 in the order of the plan.
using VertexId = std::size_t;

struct VertexInfo {
  VertexId id = 0;
  std::string
      name;  // "[build 2/7] RUN make", "[internal] load build context", "exporting to image"
};

namespace event {
/// All vertices of the plan. More may come with later VertexAdded.
struct PlanReady {
  std::vector<VertexInfo> vertices;
};
struct VertexAdded {
  VertexInfo vertex;
};
struct StepStarted {
  VertexId id;
};
/// Raw bytes of a step; the renderer cuts lines and defuses escape sequences.
struct StepLog {
  VertexId id;
  bool is_stderr = false;
  std::string bytes;
};
struct StepCached {
  VertexId id;
};
/// Why a step could not be taken from the cache ("src/app.py changed"); before its StepDone.
struct StepMissed {
  VertexId id;
  std::string why;
};
struct StepDone {
  VertexId id;
  std::chrono::milliseconds took{0};
};
struct StepFailed {
  VertexId id;
  std::string message;
  bool cancelled = false;
};
struct TransferProgress {
  VertexId id;
  std::string what;  // "sha256:0123456789ab", "manifest"
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};
/// A line of information that belongs to a vertex ("exporting layers", "naming to
/// docker.io/library/app:1").
struct StepNote {
  VertexId id;
  std::string text;
};
struct WarningRaised {
  parser::Warning warning;
};
struct Finished {
  bool success = false;
};
}  // namespace event

using BuildEvent =
    std::variant<event::PlanReady, event::VertexAdded, event::StepStarted, event::StepLog,
                 event::StepCached, event::StepMissed, event::StepDone, event::StepFailed,
                 event::TransferProgress, event::StepNote, event::WarningRaised, event::Finished>;

/// Takes events from any thread; must not throw and must not call back into the builder.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(BuildEvent event) = 0;
};

class NullEventSink : public EventSink {
 public:
  void emit(BuildEvent) override {}
};

}  // namespace ibuild::builder
