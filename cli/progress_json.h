#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>

#include "base/clock.h"
#include "builder/events.h"

namespace ibuild::cli {

/// Progress for programs: for each event a line of JSON in the form of BuildKit's SolveStatus, as
/// `docker buildx build --progress=rawjson` prints them. For any thread.
class JsonProgress : public builder::EventSink {
 public:
  using Now = std::function<base::TimePoint()>;
  /// `out` outlives this.
  explicit JsonProgress(std::ostream& out, Now now);

  void emit(builder::BuildEvent event) override;

 private:
  struct Vertex {
    std::string name;
    std::string started;
    bool cached = false;
    std::map<std::string, std::string> transfers;  // when each began
  };

  void on(const builder::event::PlanReady& event);
  void on(const builder::event::VertexAdded& event);
  void on(const builder::event::StepStarted& event);
  void on(const builder::event::StepLog& event);
  void on(const builder::event::StepCached& event);
  void on(const builder::event::StepMissed& event);
  void on(const builder::event::StepDone& event);
  void on(const builder::event::StepFailed& event);
  void on(const builder::event::TransferProgress& event);
  void on(const builder::event::StepNote& event);
  void on(const builder::event::WarningRaised& event);
  void on(const builder::event::Finished&) {}

  void announce(const builder::VertexInfo& info);
  nlohmann::ordered_json vertex_json(builder::VertexId id);
  void end_vertex(builder::VertexId id, const std::string& error);
  void note(builder::VertexId id, const std::string& text);
  void write(const char* key, const nlohmann::ordered_json& entry);
  std::string time() const;

  std::ostream& out_;
  Now now_;
  std::mutex mutex_;
  std::map<builder::VertexId, Vertex> vertices_;
};

}  // namespace ibuild::cli
