#include "cli/failure_log.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

namespace ibuild::cli {

namespace event = builder::event;

void FailureLog::keep(Vertex& vertex, const std::string& line) {
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - vertex.started;
  vertex.tail.push_back(fmt::format("{:.3f}", since.count()).substr(0, 5) + " " + line);
  if (vertex.tail.size() > kLinesKept) vertex.tail.pop_front();
}

void FailureLog::on_log(const event::StepLog& event) {
  auto& vertex = vertices_[event.id];
  auto& cutter = event.is_stderr ? vertex.err : vertex.out;
  for (const auto& line : cutter.add(event.bytes)) keep(vertex, line);
}

void FailureLog::on_failure(const event::StepFailed& event) {
  auto node = vertices_.extract(event.id);
  if (event.cancelled || node.empty()) return;
  auto& vertex = node.mapped();
  if (const auto rest = vertex.out.take_rest()) keep(vertex, *rest);
  if (const auto rest = vertex.err.take_rest()) keep(vertex, *rest);
  failed_.push_back(std::move(vertex));
}

void FailureLog::emit(builder::BuildEvent build_event) {
  const std::lock_guard lock(mutex_);
  if (const auto* plan = std::get_if<event::PlanReady>(&build_event)) {
    for (const auto& info : plan->vertices) vertices_[info.id].name = defuse(info.name);
  } else if (const auto* added = std::get_if<event::VertexAdded>(&build_event)) {
    vertices_[added->vertex.id].name = defuse(added->vertex.name);
  } else if (const auto* started = std::get_if<event::StepStarted>(&build_event)) {
    vertices_[started->id].started = std::chrono::steady_clock::now();
  } else if (const auto* log = std::get_if<event::StepLog>(&build_event)) {
    on_log(*log);
  } else if (const auto* failure = std::get_if<event::StepFailed>(&build_event)) {
    on_failure(*failure);
  } else if (const auto* done = std::get_if<event::StepDone>(&build_event)) {
    vertices_.erase(done->id);
  }
}

std::string FailureLog::report() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& vertex : failed_) {
    if (vertex.tail.empty()) continue;
    text += "------\n > " + vertex.name + ":\n";
    for (const auto& line : vertex.tail) text += line + "\n";
    text += "------\n";
  }
  return text;
}

}  // namespace ibuild::cli
