#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "builder/events.h"
#include "cli/log_lines.h"

namespace ibuild::cli {

/// Keeps the last log lines of the steps that run, and of those that failed, for the report at the
/// end. For any thread.
class FailureLog : public builder::EventSink {
 public:
  void emit(builder::BuildEvent event) override;

  /// A block for each failed step that wrote something (cancelled ones apart): its name and the end
  /// of its log. Ends in a newline; empty when there is nothing to tell.
  std::string report() const;

  static constexpr std::size_t kLinesKept = 20;

 private:
  struct Vertex {
    std::string name;
    std::chrono::steady_clock::time_point started;
    LineCutter out;
    LineCutter err;
    std::deque<std::string> tail;
  };
  void keep(Vertex& vertex, const std::string& line);
  void on_log(const builder::event::StepLog& event);
  void on_failure(const builder::event::StepFailed& event);

  mutable std::mutex mutex_;
  std::map<builder::VertexId, Vertex> vertices_;
  std::vector<Vertex> failed_;
};

}  // namespace ibuild::cli
